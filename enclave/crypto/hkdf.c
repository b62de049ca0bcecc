/*
 * crypto/hkdf.c
 *	  Keys out of a secret, one for each purpose.
 */
#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

static bool
derive(EVP_KDF_CTX *context, EvwBytes secret, const char *purpose, uint8_t *out,
	   size_t len)
{
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) secret.data,
										  secret.len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) purpose,
										  strlen(purpose)),
		OSSL_PARAM_construct_end(),
	};

	return EVP_KDF_derive(context, out, len, parameters) == 1;
}

EvwStatus
e3_hkdf(EvwBytes secret, const char *purpose, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good = context != NULL && derive(context, secret, purpose, out, len);

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return good ? EVW_OK : EVW_CRYPTO_FAILED;
}
