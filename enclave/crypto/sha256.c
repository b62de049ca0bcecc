/*
 * crypto/sha256.c
 *	  SHA-256 with the digest context that the thread has.
 */
#include "crypto/sha256.h"

#include "crypto/scratch_private.h"

#include <openssl/err.h>

EvwStatus
e3_sha256(E3Scratch *scratch, EvwBytes bytes, uint8_t digest[E3_SHA256_LEN])
{
	EVP_MD_CTX *context = scratch->digest;

	if (EVP_DigestInit_ex2(context, scratch->sha256, NULL) == 1 &&
		EVP_DigestUpdate(context, bytes.data, bytes.len) == 1 &&
		EVP_DigestFinal_ex(context, digest, NULL) == 1)
		return EVW_OK;
	ERR_clear_error();
	return EVW_CRYPTO_FAILED;
}
