/*
 * crypto/library.h
 *	  Which libraries do the work: chosen at start, tested, and shown.
 */
#ifndef E3_LIBRARY_H
#define E3_LIBRARY_H

#include "wire/status.h"

#include <stddef.h>

#define E3_LIBRARY_TEXT_MAX 200

/*
 * Chooses for all scratches made from now on, so before there are threads.
 *
 *	  aead       "auto", "openssl", "ipsec-mb"
 *	  agreement  "auto", "openssl"; "library": not OpenSSL on curves where
 *	             another library can do it, of which there must be one
 *
 * "auto" is the fastest that passes its self-test.  CONFIG if a wish is unknown
 * or cannot be had here, CRYPTO_FAILED if what was wished for fails its
 * self-test; "cause" then says which, and the choice is as before.
 */
extern EvwStatus e3_library_choose(const char *aead, const char *agreement,
								   char cause[E3_LIBRARY_TEXT_MAX]) EVW_MUST_USE;

/*
 * What was chosen (OpenSSL alone where nothing was), with versions and CPU
 * features, e.g. "openssl 3.0.17, ipsec-mb 1.3.0 (avx512 vaes), libsecp256k1 0.2.0".
 */
extern const char *e3_library_names(void);

/* e3_aead_schedule_len of the scratches that are made from now on. */
extern size_t e3_library_schedule_len(void);

#endif /* E3_LIBRARY_H */
