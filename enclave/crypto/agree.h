/*
 * crypto/agree.h
 *	  Key pairs, and ECDH between an app's key and an ephemeral key
 *	  (SEC 1, 3.3.1; cofactor 1 on both curves).
 */
#ifndef E3_AGREE_H
#define E3_AGREE_H

#include "crypto/scratch.h"
#include "wire/limits.h"
#include "wire/request.h"

#include <stdint.h>

#define E3_PRIVATE_LEN 32
#define E3_POINT_LEN 65 /* uncompressed: 04, X, Y */
#define E3_Z_LEN 32

/* An app's key pair; immutable, may be read by many threads. */
typedef struct E3KeyPair E3KeyPair;

/* A fresh pair; NULL when the library fails. */
extern E3KeyPair *e3_key_pair_generate(EvwCurve curve);

/*
 * The pair of this private key, which is big-endian.  BAD_KEY if it is not in
 * [1, n-1]; OUT_OF_MEMORY when the locked arena is full.
 */
extern EvwStatus e3_key_pair_from_private(EvwCurve curve,
										  const uint8_t private_key[E3_PRIVATE_LEN],
										  E3KeyPair **pair) EVW_MUST_USE;

/* Wipes and frees; NULL is fine. */
extern void e3_key_pair_free(E3KeyPair *pair);

/* Public key, compressed; and the key hint, the head of its SHA-256. */
extern const uint8_t *e3_key_pair_public(const E3KeyPair *pair);
extern const uint8_t *e3_key_pair_hint(const E3KeyPair *pair);

/* Private key, for the keyring file only. */
extern void e3_key_pair_private(const E3KeyPair *pair,
								uint8_t private_key[E3_PRIVATE_LEN]);

/* What a KDF needs of one agreement; wipe it after use. */
typedef struct E3Agreement
{
	uint8_t z[E3_Z_LEN];		 /* X coordinate, padded on the left */
	uint8_t point[E3_POINT_LEN]; /* ephemeral public key, uncompressed */
} E3Agreement;

/*
 * n fresh ephemeral pairs against the app's public key; epks are compressed.
 * All of them or none: on an error all agreements have been wiped.
 */
extern EvwStatus e3_agree_ephemeral_many(E3Scratch *scratch, const E3KeyPair *app,
										 size_t n, uint8_t epks[][EVW_POINT_LEN],
										 E3Agreement agreements[]) EVW_MUST_USE;

/* So many cost little more than one with an app's key of this curve: 1 or more. */
extern size_t e3_agree_at_once(const E3Scratch *scratch, const E3KeyPair *app);

/*
 * The private key of each pair against an ephemeral public key from outside; the
 * pairs may be of both curves and of several apps.  Each has its own outcome:
 * DOES_NOT_OPEN if the key is not a canonical point of the pair's curve.
 * Agreements that are not OK have been wiped.
 */
extern void e3_agree_with_many(E3Scratch *scratch, size_t n,
							   const E3KeyPair *const pairs[],
							   const uint8_t *const epks[], E3Agreement agreements[],
							   EvwStatus statuses[]);

/* The same for one. */
extern EvwStatus e3_agree_ephemeral(E3Scratch *scratch, const E3KeyPair *app,
									uint8_t epk[EVW_POINT_LEN],
									E3Agreement *agreement) EVW_MUST_USE;

extern EvwStatus e3_agree_with(E3Scratch *scratch, const E3KeyPair *app,
							   const uint8_t epk[EVW_POINT_LEN],
							   E3Agreement *agreement) EVW_MUST_USE;

#endif /* E3_AGREE_H */
