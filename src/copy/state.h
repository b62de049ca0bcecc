/*
 * copy/state.h
 *	  A COPY FROM ... ENCRYPT while it runs; shared by the files of this room.
 */
#ifndef EVC_COPY_STATE_H
#define EVC_COPY_STATE_H

#include "postgres.h"

#include "commands/copyfrom_internal.h"

#include "copy/rows.h"
#include "guc.h"

#define EVC_COPY_SETS EVC_BATCH_DEPTH_MAX

/* Whose error is it? */
typedef enum EvcCopyPhase
{
	EVC_COPY_SETUP,		 /* of options and files */
	EVC_COPY_PARSING,	 /* of a line, by core */
	EVC_COPY_SKIPPING,	 /* of a line that is left out */
	EVC_COPY_ENCODING,	 /* of a value that has been parsed, by us */
	EVC_COPY_ENCRYPTING, /* of E3 */
	EVC_COPY_INSERTING	 /* of a row, by core */
} EvcCopyPhase;

typedef struct EvcLoad
{
	struct EvcLoad *enclosing;	   /* a trigger of whose rows runs this one, or NULL */
	MemoryContext context;		   /* holds all of it */
	ErrorContextCallback *callers; /* what an error shows beside the copy */
	const char *table;
	MemoryContext batches; /* below that: the sets, and what is in flight */
	CopyFromState inner;
	CopyFromState outer; /* NULL while it begins */
	EvcCopyShape shape;
	int n_input;		   /* fields that the input has; for the others see read.c */
	uint8 *states;		   /* of the row being added, as in copy/rows.h */
	bool settles;		   /* some contexts need another column: see read.c */
	ExprState **defaults;  /* of a field, for the marker; NULL: it has none */
	ExprContext *econtext; /* for the inner COPY */
	Datum *values;		   /* of the table's columns, as the inner COPY fills them */
	bool *nulls;
	EvcCopyRows sets[EVC_COPY_SETS];
	int current;  /* the set that is being inserted, or was */
	bool ended;	  /* the input */
	bool verbose; /* a skipped row is told of */
	MemoryContext told;
	ErrorData
		*clean; /* in that: what an inner load has raised last, without data; or NULL */
	EvcCopyPhase phase;
	int encoding; /* field, in that phase */
} EvcLoad;

/*
 * Is the field's default evaluated when the row is read?  Not that of one that is
 * encrypted, which is ciphertext.
 */
static inline bool
evc_load_settles(const EvcLoad *load, int field)
{
	return load->settles && load->shape.fields[field].marker == NULL;
}

/* The load that core is executing, the innermost one. */
extern EvcLoad *evc_load;

#endif /* EVC_COPY_STATE_H */
