/*
 * crypto/aead_openssl.c
 *	  AES-256-GCM through OpenSSL's EVP, and so through any of its providers.
 *
 * GCM uses the same key schedule both ways, so one context serves both: the
 * direction is given with each IV.
 */
#include "crypto/aead_backend.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

/* Has this CPU instructions for AES and GHASH?  Without them OpenSSL is slow. */
static bool
has_instructions(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
	return (getauxval(AT_HWCAP) & (HWCAP_AES | HWCAP_PMULL)) == (HWCAP_AES | HWCAP_PMULL);
#else
	return false;
#endif
}

static bool
describe(char *out, size_t size)
{
	(void) snprintf(out, size, "openssl %s (%s)", OpenSSL_version(OPENSSL_VERSION_STRING),
					has_instructions() ? "aes" : "no aes instructions");
	return true;
}

static void *
open_context(void)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	bool good = cipher != NULL && aes != NULL &&
				EVP_CipherInit_ex2(cipher, aes, NULL, NULL, 1, NULL) == 1;

	/* The context holds on to the cipher. */
	EVP_CIPHER_free(aes);
	if (good)
		return cipher;
	EVP_CIPHER_CTX_free(cipher);
	ERR_clear_error();
	return NULL;
}

/* OpenSSL wipes the key schedule as it frees the context. */
static void
close_context(void *context)
{
	EVP_CIPHER_CTX_free(context);
}

/* Hands on whether the library could do it. */
static bool
checked(bool good)
{
	if (!good)
		ERR_clear_error();
	return good;
}

static bool
set_key(void *context, const uint8_t *key)
{
	return checked(EVP_CipherInit_ex2(context, NULL, key, NULL, -1, NULL) == 1);
}

static bool
begin(void *context, const uint8_t *iv, EvwBytes aad, E3AeadDirection direction)
{
	int len;

	return checked(EVP_CipherInit_ex2(context, NULL, NULL, iv, direction == E3_AEAD_SEAL,
									  NULL) == 1 &&
				   (aad.len == 0 ||
					EVP_CipherUpdate(context, NULL, &len, aad.data, (int) aad.len) == 1));
}

static bool
update(void *context, uint8_t *out, EvwBytes in)
{
	int len;

	return checked(EVP_CipherUpdate(context, out, &len, in.data, (int) in.len) == 1);
}

static bool
make_tag(void *context, uint8_t *tag)
{
	int len;

	return checked(
		EVP_CipherFinal_ex(context, tag, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, EVW_TAG_LEN, tag) == 1);
}

static EvwStatus
check_tag(void *context, const uint8_t *tag)
{
	/* OpenSSL takes the tag through a pointer that is not const. */
	uint8_t copy[EVW_TAG_LEN];
	uint8_t nothing[EVW_TAG_LEN];
	int len;

	memcpy(copy, tag, sizeof(copy));
	if (!checked(
			EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(copy), copy) == 1))
		return EVW_CRYPTO_FAILED;
	return checked(EVP_CipherFinal_ex(context, nothing, &len) == 1) ? EVW_OK
																	: EVW_DOES_NOT_OPEN;
}

static bool
seal_one(void *context, EvwBytes aad, EvwBytes head, const E3AeadItem *item)
{
	return begin(context, item->iv, aad, E3_AEAD_SEAL) &&
		   (head.len == 0 || update(context, item->out, head)) &&
		   (item->in.len == 0 || update(context, item->out + head.len, item->in)) &&
		   make_tag(context, item->out + head.len + item->in.len);
}

static bool
seal(void *context, EvwBytes aad, EvwBytes head, const E3AeadItem *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!seal_one(context, aad, head, &items[i]))
			return false;
	return true;
}

static EvwStatus
unseal_one(void *context, EvwBytes aad, const E3AeadItem *item)
{
	const EvwBytes body = {item->in.data, item->in.len - EVW_TAG_LEN};

	if (!begin(context, item->iv, aad, E3_AEAD_OPEN) ||
		(body.len > 0 && !update(context, item->out, body)))
		return EVW_CRYPTO_FAILED;
	return check_tag(context, item->in.data + body.len);
}

static void
unseal(void *context, EvwBytes aad, E3AeadItem *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		items[i].status = unseal_one(context, aad, &items[i]);
}

const E3AeadBackend e3_aead_openssl = {.name = "openssl",
									   .describe = describe,
									   .open = open_context,
									   .close = close_context,
									   .set_key = set_key,
									   .seal = seal,
									   .unseal = unseal,
									   .begin = begin,
									   .update = update,
									   .make_tag = make_tag,
									   .check_tag = check_tag};
