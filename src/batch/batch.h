/*
 * batch/batch.h
 *	  Values of one operation: collected, sent as one request, handed out.
 *
 *	  add, add, ... -> send -> receive -> result, result, ... -> reset
 *
 * A batch lives in a memory context of its own, which is wiped when it goes,
 * whether by evc_batch_free or because a transaction failed.  A scalar call is
 * a batch of one.
 */
#ifndef EVC_BATCH_H
#define EVC_BATCH_H

#include "postgres.h"

#include "batch/results.h"
#include "client/call.h"
#include "wire/envelope.h"
#include "wire/message.h"

typedef struct EvcBatch EvcBatch;

/* What all values of a batch have in common. */
typedef struct EvcBatchKind
{
	EvwVerb verb;
	bool bound;		  /* each has a context */
	bool all;		  /* BLIND_INDEX under every index key */
	const char *app;  /* these two live as long as the batch; NULL: evcrypt.app ... */
	const char *role; /* of ENCRYPT only; NULL: and evcrypt.role when it is sent */
} EvcBatchKind;

extern bool evc_batch_kind_equal(EvcBatchKind one, EvcBatchKind other);

/* An empty batch below "parent". */
extern EvcBatch *evc_batch_new(MemoryContext parent, EvcBatchKind kind);

/* Plaintext, of ENCRYPT with its datatype, or the envelope of a ciphertext. */
typedef struct EvcBatchValue
{
	EvwBytes bytes;
	EvwDatatype datatype;
	EvwBytes context; /* in UTF-8; of a bound batch only */
} EvcBatchValue;

/*
 * Adds a copy of one value, or returns false if it does not fit the frame beside those
 * that were added; the first one has the frame for itself.  *number is the value's, from
 * 0; equal values may share one where the same comes of them.  Raises 54000 if the value
 * or its context is longer than the limit.
 */
extern bool evc_batch_add(EvcBatch *batch, const EvcBatchValue *value, uint32 *number);

/*
 * The same for a call of several values, and the number: those that do not fit the frame
 * go into further ones, which are sent and received with it.
 */
extern uint32 evc_batch_add_further(EvcBatch *batch, const EvcBatchValue *value);

/* What is asked for with each value; a batch begins with it. */
typedef struct EvcBatchHead
{
	size_t bytes;
	EvcResults results; /* of a batch that has been received */
} EvcBatchHead;

/* Values added. */
extern uint32 evc_batch_count(const EvcBatch *batch);

/* Their bytes together, with those of contexts and what is kept. */
static inline size_t
evc_batch_bytes(const EvcBatch *batch)
{
	return ((const EvcBatchHead *) batch)->bytes;
}

/* Would this value fit the frame beside those that were added? */
extern bool evc_batch_fits(const EvcBatch *batch, const EvcBatchValue *value);

/*
 * For a call of several values that turn out not to fit: removes all but the first
 * "count" values.  The batch has not been sent.
 */
extern void evc_batch_truncate(EvcBatch *batch, uint32 count);

/*
 * For a call of several values: keeps what it takes to put the result together, and
 * returns a number to find it by.  It is to lie in the batch's memory, which is reset
 * with the batch; most of it are "len" bytes.
 */
extern MemoryContext evc_batch_memory(EvcBatch *batch);
extern uint32 evc_batch_keep(EvcBatch *batch, void *what, size_t len);
extern void *evc_batch_kept(const EvcBatch *batch, uint32 number);

/* Sends the request, if there are values; raises nothing but interrupts. */
extern void evc_batch_send(EvcBatch *batch);

/* Takes the reply to what was sent; raises what client/report.h says. */
extern void evc_batch_receive(EvcBatch *batch);

/* Both. */
extern void evc_batch_run(EvcBatch *batch);

/*
 * Result of the value with this number: EVW_OK and the bytes, which live until
 * the batch is reset, or the status of a value that failed.
 */
static inline EvwStatus
evc_batch_result(const EvcBatch *batch, uint32 index, EvwBytes *result)
{
	return evc_results_get(&((const EvcBatchHead *) batch)->results, index, result);
}

/* evc_results_are_ascii of them. */
static inline bool
evc_batch_is_ascii(EvcBatch *batch)
{
	return evc_results_are_ascii(&((EvcBatchHead *) batch)->results);
}

/* What receiving has cost since the batch was made, resets included. */
extern const EvcUsage *evc_batch_usage(const EvcBatch *batch);

/* Drops what is in flight, wipes all, and is empty again; memory may be kept. */
extern void evc_batch_reset(EvcBatch *batch);

/* Wipes and frees. */
extern void evc_batch_free(EvcBatch *batch);

#endif /* EVC_BATCH_H */
