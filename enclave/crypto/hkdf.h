/*
 * crypto/hkdf.h
 *	  Keys out of a secret, one for each purpose (RFC 5869, SHA-256, no salt).
 */
#ifndef E3_HKDF_H
#define E3_HKDF_H

#include "wire/buf.h"

/* "purpose" is a fixed word; CRYPTO_FAILED or OUT_OF_MEMORY. */
extern EvwStatus e3_hkdf(EvwBytes secret, const char *purpose, uint8_t *out,
						 size_t len) EVW_MUST_USE;

#endif /* E3_HKDF_H */
