/*
 * crypto/hmac.c
 *	  HMAC-SHA-256 as two digests.  OpenSSL's own copies a context for every message,
 *	  which allocates.
 */
#include "crypto/hmac.h"

#include "base/secret.h"
#include "crypto/scratch_private.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64

/* The key combined with ipad and opad (RFC 2104, section 2). */
typedef struct Pads
{
	uint8_t inner[BLOCK];
	uint8_t outer[BLOCK];
} Pads;

struct E3Hmac
{
	EVP_MD *sha256; /* a reference */
	EVP_MD_CTX *digest;
	Pads *pads; /* in locked memory */
};

static void
fill_pads(Pads *pads, EvwBytes key)
{
	memset(pads->inner, 0x36, BLOCK);
	memset(pads->outer, 0x5c, BLOCK);
	for (size_t i = 0; i < key.len; i++)
	{
		pads->inner[i] ^= key.data[i];
		pads->outer[i] ^= key.data[i];
	}
}

E3Hmac *
e3_hmac_new(const E3Scratch *scratch, EvwBytes key)
{
	E3Hmac *hmac = calloc(1, sizeof(E3Hmac));

	if (hmac == NULL)
		return NULL;
	if (key.len <= E3_HMAC_KEY_MAX && EVP_MD_up_ref(scratch->sha256) == 1)
		hmac->sha256 = scratch->sha256;
	hmac->digest = EVP_MD_CTX_new();
	hmac->pads = e3_secret_alloc(sizeof(Pads));
	if (hmac->sha256 == NULL || hmac->digest == NULL || hmac->pads == NULL)
	{
		e3_hmac_free(hmac);
		return NULL;
	}
	fill_pads(hmac->pads, key);
	return hmac;
}

/* OpenSSL wipes the digest's state. */
void
e3_hmac_free(E3Hmac *hmac)
{
	if (hmac == NULL)
		return;
	EVP_MD_CTX_free(hmac->digest);
	EVP_MD_free(hmac->sha256);
	e3_secret_free(hmac->pads, sizeof(Pads));
	free(hmac);
}

static EvwStatus
outcome(bool good)
{
	if (good)
		return EVW_OK;
	ERR_clear_error();
	return EVW_CRYPTO_FAILED;
}

static bool
begin_digest(E3Hmac *hmac, const uint8_t pad[BLOCK])
{
	return EVP_DigestInit_ex2(hmac->digest, hmac->sha256, NULL) == 1 &&
		   EVP_DigestUpdate(hmac->digest, pad, BLOCK) == 1;
}

EvwStatus
e3_hmac_begin(E3Hmac *hmac)
{
	return outcome(begin_digest(hmac, hmac->pads->inner));
}

EvwStatus
e3_hmac_update(E3Hmac *hmac, EvwBytes piece)
{
	return outcome(EVP_DigestUpdate(hmac->digest, piece.data, piece.len) == 1);
}

EvwStatus
e3_hmac_end(E3Hmac *hmac, uint8_t mac[E3_HMAC_LEN])
{
	uint8_t inner[E3_HMAC_LEN];
	bool good = EVP_DigestFinal_ex(hmac->digest, inner, NULL) == 1 &&
				begin_digest(hmac, hmac->pads->outer) &&
				EVP_DigestUpdate(hmac->digest, inner, sizeof(inner)) == 1 &&
				EVP_DigestFinal_ex(hmac->digest, mac, NULL) == 1;

	e3_wipe(inner, sizeof(inner));
	return outcome(good);
}
