/*
 * crypto/random.c
 *	  OpenSSL's generator for private bytes.
 */
#include "crypto/random.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rand.h>

EvwStatus
e3_random(uint8_t *out, size_t len)
{
	if (len <= INT_MAX && RAND_priv_bytes(out, (int) len) == 1)
		return EVW_OK;
	ERR_clear_error();
	return EVW_CRYPTO_FAILED;
}
