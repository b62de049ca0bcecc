/*
 * crypto/sha256.h
 *	  SHA-256 (FIPS 180-4) of what is no secret.
 */
#ifndef E3_SHA256_H
#define E3_SHA256_H

#include "crypto/scratch.h"
#include "wire/buf.h"

#define E3_SHA256_LEN 32

/* CRYPTO_FAILED if the library can't. */
extern EvwStatus e3_sha256(E3Scratch *scratch, EvwBytes bytes,
						   uint8_t digest[E3_SHA256_LEN]) EVW_MUST_USE;

#endif /* E3_SHA256_H */
