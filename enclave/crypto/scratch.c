/*
 * crypto/scratch.c
 *	  One thread's algorithms and contexts.
 */
#include "crypto/scratch_private.h"

#include <openssl/err.h>
#include <stdlib.h>

static bool
fill_scratch(E3Scratch *scratch)
{
	for (int i = 0; i < E3_CURVES; i++)
	{
		scratch->agree_states[i] = scratch->agree[i]->open((EvwCurve) i);
		if (scratch->agree_states[i] == NULL)
			return false;
	}
	scratch->cipher = scratch->aead->open();
	scratch->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	scratch->digest = EVP_MD_CTX_new();
	return scratch->cipher != NULL && scratch->sha256 != NULL && scratch->digest != NULL;
}

E3Scratch *
e3_scratch_new_of(const E3Backends *backends)
{
	E3Scratch *scratch = calloc(1, sizeof(*scratch));

	if (scratch == NULL)
		return NULL;
	scratch->aead = backends->aead;
	for (int i = 0; i < E3_CURVES; i++)
		scratch->agree[i] = backends->agree[i];
	if (fill_scratch(scratch))
		return scratch;
	e3_scratch_free(scratch);
	ERR_clear_error();
	return NULL;
}

/* Backends wipe key schedules and numbers as they close, OpenSSL digests. */
void
e3_scratch_free(E3Scratch *scratch)
{
	if (scratch == NULL)
		return;
	EVP_MD_CTX_free(scratch->digest);
	EVP_MD_free(scratch->sha256);
	scratch->aead->close(scratch->cipher);
	for (int i = 0; i < E3_CURVES; i++)
		scratch->agree[i]->close(scratch->agree_states[i]);
	free(scratch);
}
