/*
 * crypto/aead.c
 *	  AES-256-GCM through OpenSSL's EVP.
 *
 * GCM uses the same key schedule both ways, so one context serves both: the
 * direction is given with each IV.
 */
#include "crypto/aead.h"

#include "base/secret.h"
#include "crypto/scratch_private.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>

static EvwStatus
library_failed(void)
{
	ERR_clear_error();
	return EVW_CRYPTO_FAILED;
}

EvwStatus
e3_aead_set_key(E3Scratch *scratch, const uint8_t key[E3_AES_KEY_LEN])
{
	if (EVP_CipherInit_ex2(scratch->cipher, NULL, key, NULL, -1, NULL) != 1)
		return library_failed();
	return EVW_OK;
}

static bool
begin(EVP_CIPHER_CTX *cipher, const uint8_t *iv, bool seal, EvwBytes aad)
{
	int len;

	if (aad.len > INT_MAX)
		return false;
	return EVP_CipherInit_ex2(cipher, NULL, NULL, iv, seal, NULL) == 1 &&
		   (aad.len == 0 ||
			EVP_CipherUpdate(cipher, NULL, &len, aad.data, (int) aad.len) == 1);
}

static bool
update(EVP_CIPHER_CTX *cipher, uint8_t *out, EvwBytes in)
{
	int len;

	return in.len == 0 ||
		   (in.len <= INT_MAX &&
			EVP_CipherUpdate(cipher, out, &len, in.data, (int) in.len) == 1);
}

EvwStatus
e3_aead_seal(E3Scratch *scratch, uint8_t *out, const uint8_t iv[EVW_IV_LEN], EvwBytes aad,
			 EvwBytes head, EvwBytes body)
{
	EVP_CIPHER_CTX *cipher = scratch->cipher;
	uint8_t *end = out + head.len + body.len;
	int len;

	if (begin(cipher, iv, true, aad) && update(cipher, out, head) &&
		update(cipher, out + head.len, body) &&
		EVP_CipherFinal_ex(cipher, end, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, EVW_TAG_LEN, end) == 1)
		return EVW_OK;
	e3_wipe(out, head.len + body.len);
	return library_failed();
}

EvwStatus
e3_aead_open(E3Scratch *scratch, uint8_t *out, const uint8_t iv[EVW_IV_LEN], EvwBytes aad,
			 EvwBytes sealed)
{
	EVP_CIPHER_CTX *cipher = scratch->cipher;
	EvwBytes body;
	uint8_t tag[EVW_TAG_LEN];
	int len;

	if (sealed.len < EVW_TAG_LEN)
		return EVW_DOES_NOT_OPEN;
	body = (EvwBytes){sealed.data, sealed.len - EVW_TAG_LEN};
	/* OpenSSL takes the tag through a pointer that is not const. */
	memcpy(tag, sealed.data + body.len, sizeof(tag));
	if (!begin(cipher, iv, false, aad) || !update(cipher, out, body) ||
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1)
	{
		e3_wipe(out, body.len);
		return library_failed();
	}
	if (EVP_CipherFinal_ex(cipher, out + body.len, &len) == 1)
		return EVW_OK;
	e3_wipe(out, body.len);
	ERR_clear_error();
	return EVW_DOES_NOT_OPEN;
}
