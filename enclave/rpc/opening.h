/*
 * rpc/opening.h
 *	  A DECRYPT on its way; shared by decrypt.c, derive.c and open_large.c alone.
 */
#ifndef E3_OPENING_H
#define E3_OPENING_H

#include "crypto/aead.h"
#include "rpc/aad.h"
#include "rpc/metadata.h"
#include "rpc/rpc.h"
#include "wire/envelope.h"
#include "wire/reply.h"

/* The key that was derived last, and for whom. */
typedef struct E3DerivedKey
{
	const E3KeyVersion *version; /* NULL: none */
	EvwCurve curve;
	bool kdf;
	uint8_t epk[EVW_POINT_LEN];
	E3Aad aad;
	uint8_t *aes;	/* in locked memory */
	bool is_proven; /* a value has opened under it; it is in the cache */
} E3DerivedKey;

/* A long value that is being opened. */
typedef struct E3LargeValue
{
	bool begun;
	EvwEnvelope envelope;
	size_t start;		  /* of its plaintext, metadata and all, in the reply */
	uint32_t candidate;	  /* number of the key version that is tried */
	E3AeadStream *stream; /* NULL: that is yet to be begun with */
	size_t done;		  /* bytes */
} E3LargeValue;

/* The data role of the value before, and whether the policy lets it be decrypted. */
typedef struct E3RoleSeen
{
	bool known;
	bool is_covered;
	uint8_t role[E3_METADATA_ENCODED_MAX];
	size_t len;
} E3RoleSeen;

/* Where the work is. */
typedef struct E3Opening
{
	E3Scratch *scratch; /* the worker's that is at it */
	E3DerivedKeys *cache;
	E3Call *call;
	const E3App *app; /* in the call's keyring */
	E3DerivedKey key;
	E3LargeValue large;
	E3MetadataSeen seen; /* by the value before */
	E3RoleSeen role;	 /* of the value before */
	uint32_t hits;		 /* values whose key was at hand */
	uint32_t failed;	 /* values that did not open */

	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
	EvwColumnCursor cursor;
	EvwBuf side; /* lengths, then statuses: 4 bytes and 1 byte a value */
} E3Opening;

/* rpc/derive.c: is the key at hand the one for this? */
extern bool e3_key_at_hand(const E3DerivedKey *key, const E3KeyVersion *version,
						   const EvwEnvelope *envelope);

/* rpc/derive.c: makes opening->key that of this version and ephemeral key. */
extern EvwStatus e3_derive_key(E3Opening *opening, const E3KeyVersion *version,
							   const EvwEnvelope *envelope) EVW_MUST_USE;

/* rpc/derive.c: a value has opened under it, so it is kept for later requests. */
extern void e3_prove_key(E3Opening *opening);

/* rpc/decrypt.c: what of an envelope can be refused before any work. */
extern EvwStatus e3_open_check(EvwBytes value, EvwEnvelope *envelope) EVW_MUST_USE;

/*
 * rpc/decrypt.c: the plaintext at "start" of the reply has been opened with this
 * status: leaves its body there alone, or nothing.
 */
extern EvwStatus e3_open_finish(E3Opening *opening, const EvwEnvelope *envelope,
								size_t start, EvwStatus status) EVW_MUST_USE;

/*
 * rpc/open_large.c: a piece of the next value, which is longer than one; *finished
 * with its last, and then the status is the value's.
 */
extern EvwStatus e3_open_large(E3Opening *opening, bool *finished) EVW_MUST_USE;

#endif /* E3_OPENING_H */
