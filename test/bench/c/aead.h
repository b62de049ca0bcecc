/*
 * aead.h
 *	  What those that evcrypt is compared with encrypt by: AES-256-GCM of OpenSSL, with
 *	  all that is made once kept, and IVs drawn by the block.
 */
#ifndef BENCH_AEAD_H
#define BENCH_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#define AEAD_IV_LEN 12
#define AEAD_TAG_LEN 16

/* Bytes that a ciphertext is longer: IV, ciphertext, tag. */
#define AEAD_ADDED (AEAD_IV_LEN + AEAD_TAG_LEN)

#define AEAD_IVS 512

typedef struct BenchAead
{
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
	uint8_t ivs[AEAD_IVS * AEAD_IV_LEN];
	size_t next;
} BenchAead;

/* Under a key that is the same each time; false if OpenSSL fails. */
extern bool aead_init(BenchAead *aead);

/* Writes len + AEAD_ADDED bytes. */
extern bool aead_seal(BenchAead *aead, uint8_t *out, const uint8_t *value, size_t len);

/* Of len bytes, at least AEAD_ADDED, writes that many less; false if they are not
 * genuine. */
extern bool aead_open(BenchAead *aead, uint8_t *out, const uint8_t *sealed, size_t len);

#endif /* BENCH_AEAD_H */
