/*
 * unit/token_help.c
 *	  Keys and tokens for tests.
 */
#include "token_help.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 32768

EVP_PKEY *
token_key(const char *group, EvwBytes *pem)
{
	EVP_PKEY *key = EVP_EC_gen(group);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;

	assert_non_null(key);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &text);
	*pem = help_exact((EvwBytes){(uint8_t *) text, (size_t) len});
	BIO_free(bio);
	return key;
}

/* Appends base64url; returns the new end. */
static char *
append_base64url(char *at, const uint8_t *bytes, size_t len)
{
	int n = EVP_EncodeBlock((unsigned char *) at, bytes, (int) len);

	for (int i = 0; i < n; i++)
		at[i] = (char) (at[i] == '+' ? '-' : at[i] == '/' ? '_' : at[i]);
	while (n > 0 && at[n - 1] == '=')
		n--;
	at[n] = '\0';
	return at + n;
}

static void
sign(EVP_PKEY *key, const char *text, size_t len, uint8_t out[64])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[256];
	size_t der_len = sizeof(der);
	const uint8_t *at = der;
	ECDSA_SIG *signature;

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, der, &der_len, (const uint8_t *) text, len),
					 1);
	EVP_MD_CTX_free(context);
	signature = d2i_ECDSA_SIG(NULL, &at, (long) der_len);
	assert_non_null(signature);
	(void) BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
	(void) BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
	ECDSA_SIG_free(signature);
}

EvwBytes
token_make(EVP_PKEY *key, const char *header, const char *claims)
{
	static char text[TEXT_MAX];
	uint8_t signature[64];
	char *at = append_base64url(text, (const uint8_t *) header, strlen(header));

	*at++ = '.';
	at = append_base64url(at, (const uint8_t *) claims, strlen(claims));
	sign(key, text, (size_t) (at - text), signature);
	*at++ = '.';
	at = append_base64url(at, signature, sizeof(signature));
	return (EvwBytes){(uint8_t *) text, (size_t) (at - text)};
}
