/*
 * exec/rowset.h
 *	  Rows of the child that are out for encryption or decryption together.
 *
 * Only columns that are needed later are kept; values longer than a Datum are
 * copied, toasted ones as pointers.
 */
#ifndef EVC_ROWSET_H
#define EVC_ROWSET_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "nodes/execnodes.h"

#include "batch/group.h"
#include "exec/call.h"

/* Where the result of a row's call will be. */
typedef struct EvcPlace
{
	EvcOutcome outcome;
	EvcTicket ticket;
	EvcBatch *batch; /* if called */
} EvcPlace;

/* Where a row is stored. */
typedef struct EvcRowId
{
	ItemPointerData tid;
	Oid table;
} EvcRowId;

/* What all sets of a node have in common; immutable. */
typedef struct EvcRowShape
{
	const ScanState *scan; /* whose rows these are, for WHERE CURRENT OF; or NULL */
	int n_columns;		   /* of the child */
	TupleDesc desc;		   /* the node's scan tuple: child's columns, then calls */
	int *kept;			   /* child's columns that are needed later, from 0, ascending */
	int n_kept;
	int n_calls;
	EvcScanCall *calls;
	EvcRowSpace *space; /* for results of the row that is emitted */
	int n_groups;		/* kinds of batches that they need */
} EvcRowShape;

typedef enum EvcRowSetState
{
	EVC_ROWS_EMPTY,
	EVC_ROWS_IN_FLIGHT,
	EVC_ROWS_EMITTING
} EvcRowSetState;

typedef struct EvcRowSet
{
	const EvcRowShape *shape;
	EvcRowSetState state;
	MemoryContext owner;   /* arrays and batches */
	MemoryContext context; /* copies of columns; reset with the set */
	EvcBatchGroup *groups;
	int capacity; /* rows that the arrays hold */
	int n_rows;
	size_t kept_bytes; /* of copied columns */
	int next;		   /* row to be emitted */
	Datum *values;	   /* n_kept a row */
	bool *nulls;	   /* n_kept a row */
	EvcPlace *places;  /* n_calls a row */
	EvcRowId *ids;	   /* one a row, if there is a scan */
} EvcRowSet;

/* An empty set; its memory, batches and all, is below "owner". */
extern void evc_rowset_init(EvcRowSet *set, const EvcRowShape *shape,
							MemoryContext owner);

/* Where rows come from. */
typedef struct EvcSource
{
	/*
	 * The next row; NULL if there is none, now (a row that fails may stop a
	 * reader that has others; it comes when it is the first) or at all: *ended.
	 */
	TupleTableSlot *(*next)(void *node, bool first, bool *ended);
	void *node;
	ExprContext *arguments; /* for the calls' arguments */
} EvcSource;

/*
 * Reads rows until there are "max" of them, their arguments come to "max_bytes", or
 * the source has no more.
 */
extern void evc_rowset_fill(EvcRowSet *set, const EvcSource *source, int max,
							size_t max_bytes, bool *ended);

extern void evc_rowset_send(EvcRowSet *set);
extern void evc_rowset_receive(EvcRowSet *set);

/*
 * Puts the next row into "slot", but for columns that are not kept, results of calls in
 * the current memory context; false if there is none.  Raises the error of a call of this
 * row.
 */
extern bool evc_rowset_emit(EvcRowSet *set, TupleTableSlot *slot);

/*
 * Would emitting the next row raise what E3 says of one of its values?  An error
 * in turning plaintext into a value of its type is not foreseen.
 */
extern bool evc_rowset_next_fails(const EvcRowSet *set);

/* Drops everything, in flight or not. */
extern void evc_rowset_reset(EvcRowSet *set);

#endif /* EVC_ROWSET_H */
