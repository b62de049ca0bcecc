/*
 * crypto/selftest.h
 *	  Known answers, run before E3 serves anybody.
 */
#ifndef E3_SELFTEST_H
#define E3_SELFTEST_H

#include "wire/status.h"

/* CRYPTO_FAILED if ECDH, KDF or AEAD gives another answer than it must. */
extern EvwStatus e3_selftest(void) EVW_MUST_USE;

/* Library and version, for HEALTH, e.g. "openssl 3.0.17". */
extern const char *e3_crypto_backend(void);

#endif /* E3_SELFTEST_H */
