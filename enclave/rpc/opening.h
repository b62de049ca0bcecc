/*
 * rpc/opening.h
 *	  A DECRYPT on its way; shared by the files that do it alone.
 */
#ifndef E3_OPENING_H
#define E3_OPENING_H

#include "crypto/aead.h"
#include "rpc/ahead.h"
#include "rpc/contexts.h"
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
	uint8_t *aes;	 /* in locked memory */
	bool was_cached; /* it came from there */
	bool is_proven;	 /* a value has opened under it; it is in the cache */
} E3DerivedKey;

/* A long value that is being opened. */
typedef struct E3LargeValue
{
	bool begun;
	EvwEnvelope envelope;
	bool is_mixed;		  /* that is not as it came: rpc/key_mix.h */
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
struct E3Opening
{
	E3Scratch *scratch; /* the worker's that is at it */
	uint8_t *schedules; /* and its E3_OPEN_EACH places for these; NULL: none */
	uint32_t *crowded;	/* and how often the cache had no room for one */
	E3DerivedKeys *cache;
	E3Call *call;
	const E3App *app; /* in the call's keyring */
	E3DerivedKey key;
	E3Ahead *ahead; /* owned; NULL: none have been made */
	E3LargeValue large;
	E3MetadataSeen seen; /* by the value before */
	E3RoleSeen role;	 /* of the value before */
	/* A value that the key at hand has opened, whose hint named it; NULL: none. */
	const uint8_t *like;
	bool try_mix;	 /* rpc/key_mix.h: it is wanted ... */
	uint32_t mixed;	 /* ... and has opened so many values */
	uint32_t hits;	 /* values whose key was at hand */
	uint32_t failed; /* values that did not open */

	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
	EvwColumnCursor cursor;
	E3Contexts contexts;
	EvwBuf side;  /* lengths, then statuses: 4 bytes and 1 byte a value */
	EvwBuf *kept; /* rpc/kept.h: of each value that opens; NULL: nothing is */
};

/* rpc/derive.c: is the key at hand the one for this? */
extern bool e3_key_at_hand(const E3DerivedKey *key, const E3KeyVersion *version,
						   const EvwEnvelope *envelope);

/* rpc/derive.c: makes opening->key that of this version and ephemeral key. */
extern EvwStatus e3_derive_key(E3Opening *opening, const E3KeyVersion *version,
							   const EvwEnvelope *envelope) EVW_MUST_USE;

/* rpc/derive.c: what the cache knows the key between these two by. */
extern void e3_derived_id(E3DerivedId *id, const E3KeyPair *pair, bool kdf,
						  const uint8_t *epk);

/* rpc/derive.c: a value has opened under it, so it is kept for later requests. */
extern void e3_prove_key(E3Opening *opening);

/* rpc/decrypt.c: the app of a request, unless that can be refused before any work. */
extern EvwStatus e3_open_find(const E3Call *call, const E3App **app) EVW_MUST_USE;

/* rpc/decrypt.c: at the first of the call's values; NULL when out of memory. */
extern E3Opening *e3_opening_new(E3Call *call, const E3App *app);
extern void e3_opening_free(E3Opening *opening);

/* rpc/decrypt.c: appends plaintexts to the reply until all are done, or the slice is
 * over: *more. */
extern EvwStatus e3_open_values(E3RpcWorker *worker, E3Opening *opening,
								bool *more) EVW_MUST_USE;

/* rpc/decrypt.c: what can be refused before any work, with or without a context. */
extern EvwStatus e3_open_check(EvwBytes value, bool has_context,
							   EvwEnvelope *envelope) EVW_MUST_USE;

/*
 * rpc/decrypt.c: these "len" bytes have been opened with this status.  Appends their
 * body to the reply, at whose end they are or after it; if there is none, wipes them.
 */
extern EvwStatus e3_open_finish(E3Opening *opening, const EvwEnvelope *envelope,
								uint8_t *opened, size_t len,
								EvwStatus status) EVW_MUST_USE;

/*
 * rpc/decrypt.c: the next value has been opened by itself, at the reply's end or after
 * it; its outcome is settled.
 */
extern EvwStatus e3_open_settle(E3Opening *opening, const EvwEnvelope *envelope,
								const E3AeadItem *item) EVW_MUST_USE;

/* rpc/decrypt.c: notes a value's length, from "start" of the reply on, and status. */
extern void e3_open_note(E3Opening *opening, size_t start, EvwStatus status);

/* rpc/open_run.c: opens and notes some short values like the one that came last. */
extern EvwStatus e3_open_run(E3Opening *opening, bool *any) EVW_MUST_USE;

/* rpc/open_each.c: opens and notes some short values with a key each in the cache. */
extern EvwStatus e3_open_each(E3Opening *opening, bool *any) EVW_MUST_USE;

/*
 * rpc/open_large.c: a piece of the next value, which is longer than one; *finished
 * with its last, and then the status is the value's.
 */
extern EvwStatus e3_open_large(E3Opening *opening, bool *finished) EVW_MUST_USE;

#endif /* E3_OPENING_H */
