/*
 * batch/batch.h
 *	  Values of one operation: collected, sent as one request, handed out.
 *
 * A batch lives in a memory context of its own, which is wiped when it goes,
 * whether by evc_batch_free or because a transaction failed.  A scalar call is
 * a batch of one.
 */
#ifndef EVC_BATCH_H
#define EVC_BATCH_H

#include "postgres.h"

#include "wire/envelope.h"
#include "wire/message.h"

typedef struct EvcBatch EvcBatch;

/* An empty batch of ENCRYPT or DECRYPT for evcrypt.app, below "parent". */
extern EvcBatch *evc_batch_new(MemoryContext parent, EvwVerb verb);

/*
 * Adds a copy of one value: plaintext bytes to encrypt, with their datatype, or
 * the envelope of a ciphertext to decrypt.  Raises 54000 if the value is longer
 * than the limit.
 */
extern void evc_batch_add(EvcBatch *batch, EvwBytes value, EvwDatatype datatype);

/* Sends the request and takes the reply; raises what client/report.h says. */
extern void evc_batch_run(EvcBatch *batch);

/*
 * Result of the value added as number "index" (from 0): EVW_OK and the bytes,
 * which live as long as the batch, or the status of a value that failed.
 */
extern EvwStatus evc_batch_result(EvcBatch *batch, uint32 index, EvwBytes *result);

/* Wipes and frees. */
extern void evc_batch_free(EvcBatch *batch);

#endif /* EVC_BATCH_H */
