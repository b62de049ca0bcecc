/*
 * crypto/scratch.c
 *	  One thread's algorithms and contexts.
 */
#include "crypto/scratch_private.h"

#include <openssl/bn.h>
#include <stdlib.h>

static bool
fill_scratch(E3Scratch *scratch)
{
	for (int i = 0; i < E3_CURVES; i++)
	{
		scratch->groups[i] = e3_curve_new((EvwCurve) i);
		if (scratch->groups[i] == NULL)
			return false;
	}
	scratch->bignums = BN_CTX_secure_new();
	scratch->aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	scratch->cipher = EVP_CIPHER_CTX_new();
	scratch->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	scratch->digest = EVP_MD_CTX_new();
	return scratch->bignums != NULL && scratch->aes != NULL && scratch->cipher != NULL &&
		   scratch->sha256 != NULL && scratch->digest != NULL &&
		   EVP_CipherInit_ex2(scratch->cipher, scratch->aes, NULL, NULL, 1, NULL) == 1;
}

E3Scratch *
e3_scratch_new(void)
{
	E3Scratch *scratch = calloc(1, sizeof(*scratch));

	if (scratch == NULL)
		return NULL;
	if (!fill_scratch(scratch))
	{
		e3_scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

/* OpenSSL wipes key schedules, digests and numbers as it frees their contexts. */
void
e3_scratch_free(E3Scratch *scratch)
{
	if (scratch == NULL)
		return;
	EVP_MD_CTX_free(scratch->digest);
	EVP_MD_free(scratch->sha256);
	EVP_CIPHER_CTX_free(scratch->cipher);
	EVP_CIPHER_free(scratch->aes);
	BN_CTX_free(scratch->bignums);
	for (int i = 0; i < E3_CURVES; i++)
		EC_GROUP_free(scratch->groups[i]);
	free(scratch);
}
