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

/* A fresh ephemeral pair against the app's public key; "epk" is compressed. */
extern EvwStatus e3_agree_ephemeral(E3Scratch *scratch, const E3KeyPair *app,
									uint8_t epk[EVW_POINT_LEN],
									E3Agreement *agreement) EVW_MUST_USE;

/*
 * The app's private key against an ephemeral public key from outside.
 * DOES_NOT_OPEN if that is not a canonical point of the curve.
 */
extern EvwStatus e3_agree_with(E3Scratch *scratch, const E3KeyPair *app,
							   const uint8_t epk[EVW_POINT_LEN],
							   E3Agreement *agreement) EVW_MUST_USE;

#endif /* E3_AGREE_H */
