/*
 * rpc/sealing.h
 *	  Values on their way into envelopes, under one key of the app and fresh ephemeral
 *	  ones; shared by ENCRYPT, whose values come from a request, and REENCRYPT, whose
 *	  values have just been opened.
 */
#ifndef E3_SEALING_H
#define E3_SEALING_H

#include "crypto/aead.h"
#include "crypto/iv.h"
#include "rpc/contexts.h"
#include "rpc/metadata.h"
#include "rpc/rpc.h"
#include "wire/envelope.h"

/* What the values under one key have in common, and where the work is. */
typedef struct E3Sealing
{
	const E3KeyPair *app; /* in the call's keyring */
	const EvwTagInfo *info;
	EvwEnvelope head;  /* of each envelope; datatype and IV are the value's */
	E3RequestKey *key; /* in locked memory */
	uint8_t ivs[E3_IV_BLOCK][EVW_IV_LEN];
	E3Aad aad;
	uint8_t metadata_bytes[E3_METADATA_ENCODED_MAX];
	EvwBytes metadata;
	uint32_t unix_seconds; /* when it began, for the metadata */
	uint32_t per_key;	   /* values under one ephemeral key; 0: all */
	uint32_t used;		   /* values under this key */
	uint32_t hits;		   /* keys that were ready */

	/* The values; what they point to is somebody else's. */
	uint32_t count;
	uint32_t done;
	EvwColumnCursor cursor;
	E3Contexts contexts;
	EvwBytes datatypes; /* one a value; data NULL: as "kept" says, or all strings */
	/* Of values that have been opened; NULL: they have not. */
	const uint8_t *statuses; /* one a value: others than 0 are passed over */
	const uint8_t *kept;	 /* rpc/kept.h: of the next value that is not */
	uint8_t *lengths;		 /* one a value: of the envelope, or 0, is put there */

	/* A long value that is being sealed. */
	E3AeadStream *stream; /* NULL: none */
	EvwBytes rest;		  /* of it */
	size_t start;		  /* of its envelope in the reply ... */
	size_t at;			  /* ... and where it goes on */
} E3Sealing;

/* The version that is made on this curve unless another is asked for. */
extern EvwTag e3_seal_default(EvwCurve curve, bool bound);

/* Under the app's pair; the values are for the caller to fill in.  NULL: no memory. */
extern E3Sealing *e3_sealing_new(const E3KeyPair *app, EvwTag tag);

/* Wipes and frees; NULL is fine. */
extern void e3_sealing_free(E3Sealing *sealing);

/* The data role of the values that follow; empty: none. */
extern void e3_seal_role(E3Sealing *sealing, EvwBytes role);

/* The first ephemeral key; the others are taken as they are needed. */
extern EvwStatus e3_seal_take_key(E3RpcWorker *worker, E3Sealing *sealing,
								  E3Call *call) EVW_MUST_USE;

/* Appends envelopes to the reply until all are done, or the slice is over: *more. */
extern EvwStatus e3_seal_values(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call,
								bool *more) EVW_MUST_USE;

#endif /* E3_SEALING_H */
