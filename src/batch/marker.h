/*
 * batch/marker.h
 *	  One call of encrypt, decrypt and their kin, as a batch sees it: arguments that
 *	  go in, a result that comes out.
 *
 * The scalar functions and the plan node both do what they do through this, so
 * they can't give different answers.
 */
#ifndef EVC_MARKER_H
#define EVC_MARKER_H

#include "postgres.h"

#include "batch/batch.h"
#include "batch/markers.h"
#include "compat.h"
#include "value/plaintype.h"

/* Where the results of one row go, to be used again for the next one. */
typedef struct EvcRowSpace
{
	char *data;
	size_t size;
	size_t used;
} EvcRowSpace;

/* What a kind does with a call. */
typedef struct EvcMarkerWork EvcMarkerWork;

typedef struct EvcMarker
{
	EvcMarkerKind kind;
	const EvcMarkerWork *work;
	EvcBatchKind batches; /* that its calls go to */
	EvcPlainType *type;	  /* of the plaintext; NULL: text */
	bool gives_text;	  /* DECRYPT and its kin: so it is, and no domain over it */
	EvcRowSpace *space;	  /* for texts that have room there; NULL: none */
	bool takes_text;	  /* ENCRYPT of text and the like, below domains */
	bool takes_string;	  /* ENCRYPT of text: values are C strings */
	bool takes_utf8;	  /* they are valid UTF-8, as somebody has checked */
	int n_arguments;
	MemoryContext owner;
	void *memory; /* what the kind remembers, in there; NULL: nothing yet */
} EvcMarker;

/* A call that has been added to a batch. */
typedef struct EvcTicket
{
	uint32 index; /* of its value in the batch; or, with several, of what it kept there */
	EvwDatatype datatype; /* of a ciphertext */
} EvcTicket;

/* The functions below, for one kind or some. */
struct EvcMarkerWork
{
	bool (*add)(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments,
				EvcTicket *ticket);
	bool (*fails)(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket);
	Datum (*take)(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null);
};

/*
 * Lives in "owner".  "plain" is the type that is encrypted or that decrypt_as
 * gives, not used by the others; "encrypted" that of ciphertexts.  Raises what
 * evc_plaintype_new does.
 */
extern EvcMarker *evc_marker_new(MemoryContext owner, EvcMarkerKind kind, Oid plain,
								 Oid encrypted, int n_arguments);

/* What becomes of a call. */
typedef enum EvcOutcome
{
	EVC_CALLED,
	EVC_ARGUMENT_NULL, /* so the result is NULL, whatever the context */
	EVC_CONTEXT_NULL,  /* which is an error */
	EVC_SKIPPED		   /* it was not made */
} EvcOutcome;

/* With these arguments, of which that for the type is not looked at. */
static inline EvcOutcome
evc_marker_outcome(const EvcMarkerInfo *info, const NullableDatum *arguments, int count)
{
	for (int i = 0; i < count; i++)
		if (i != info->type_at && i != info->context_at && arguments[i].isnull)
			return EVC_ARGUMENT_NULL;
	return count > info->context_at && arguments[info->context_at].isnull
			   ? EVC_CONTEXT_NULL
			   : EVC_CALLED;
}

/* Raises 22004, with which a call ends whose context is NULL. */
pg_noreturn extern void evc_marker_refuse_null(void);

/*
 * Adds a call, whose outcome is EVC_CALLED, to a batch of the marker's kind: all its
 * values, or none and false if they do not fit beside what is there.  An empty batch
 * takes whatever the limits allow.
 */
static inline bool
evc_marker_add(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments,
			   EvcTicket *ticket)
{
	return marker->work->add(marker, batch, arguments, ticket);
}

/* Would taking the result raise what E3 says of a value? */
extern bool evc_marker_fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket);

/*
 * The result, in the current memory context or the marker's space, of a batch that has
 * been received.  Raises the error of this one call.
 */
static inline Datum
evc_marker_take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null)
{
	return marker->work->take(marker, batch, ticket, is_null);
}

/* Checks that NULL, which a NULL argument gives, is a value of the result's type. */
extern void evc_marker_check_null(EvcMarker *marker);

#endif /* EVC_MARKER_H */
