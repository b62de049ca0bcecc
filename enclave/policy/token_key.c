/*
 * policy/token_key.c
 *	  Keys and signatures of tokens: PEM by OpenSSL, JWS by cjose.
 *
 * The algorithm is not the token's to choose: it must say ES256, and the key is one
 * on P-256, with which cjose does nothing else.
 */
#include "policy/token_key.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* Length of a coordinate. */
#define FIELD 32

struct E3TokenKey
{
	cjose_jwk_t *jwk;
};

struct E3SignedToken
{
	cjose_jws_t *jws;
};

/* ---- keys ---- */

static EVP_PKEY *
read_pem(EvwBytes pem)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int) pem.len);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static bool
is_p256(const EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_is_a(key, "EC") == 1 &&
		   EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group,
										  sizeof(group), NULL) == 1 &&
		   strcmp(group, "prime256v1") == 0;
}

static bool
read_coordinate(const EVP_PKEY *key, const char *name, uint8_t *out)
{
	BIGNUM *number = NULL;
	bool good = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
				BN_bn2binpad(number, out, FIELD) == FIELD;

	BN_free(number);
	return good;
}

static cjose_jwk_t *
make_jwk(const EVP_PKEY *key)
{
	uint8_t x[FIELD];
	uint8_t y[FIELD];
	const cjose_jwk_ec_keyspec spec = {.crv = CJOSE_JWK_EC_P_256,
									   .x = x,
									   .xlen = FIELD,
									   .y = y,
									   .ylen = FIELD};

	if (!is_p256(key) || !read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x) ||
		!read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y))
		return NULL;
	return cjose_jwk_create_EC_spec(&spec, NULL);
}

/*
 * Of jansson's hash tables, which take the first.  By itself it would look in
 * /dev/urandom when the first token comes, which E3 cannot open any more then, and go
 * on with what a client can guess.
 */
static bool
choose_seed(void)
{
	size_t seed = 0;

	if (RAND_bytes((unsigned char *) &seed, sizeof(seed)) != 1)
		return false;
	/* 0 would be no choice. */
	json_object_seed(seed != 0 ? seed : 1);
	return true;
}

E3TokenKey *
e3_token_key_new(EvwBytes pem)
{
	EVP_PKEY *pkey = pem.len > 0 ? read_pem(pem) : NULL;
	E3TokenKey *key = pkey != NULL ? calloc(1, sizeof(*key)) : NULL;

	if (key != NULL && choose_seed())
		key->jwk = make_jwk(pkey);
	EVP_PKEY_free(pkey);
	if (key != NULL && key->jwk != NULL)
		return key;
	free(key);
	return NULL;
}

void
e3_token_key_free(E3TokenKey *key)
{
	if (key == NULL)
		return;
	(void) cjose_jwk_release(key->jwk);
	free(key);
}

/* ---- tokens ---- */

/* NULL, or what is wrong with the header. */
static const char *
check_header(const json_t *header)
{
	const json_t *type = json_object_get(header, "typ");
	const char *algorithm = json_string_value(json_object_get(header, "alg"));

	if (algorithm == NULL || strcmp(algorithm, CJOSE_HDR_ALG_ES256) != 0)
		return "alg is not ES256";
	if (type != NULL &&
		(!json_is_string(type) || strcasecmp(json_string_value(type), "JWT") != 0))
		return "typ is not JWT";
	/* What it would demand is not known here, so it cannot be met. */
	return json_object_get(header, "crit") != NULL ? "its header has crit" : NULL;
}

E3SignedToken *
e3_signed_token_parse(EvwBytes token, const char **cause, EvwBytes *payload)
{
	E3SignedToken *parsed = calloc(1, sizeof(*parsed));
	uint8_t *plain = NULL;
	size_t len = 0;

	*cause = "out of memory";
	if (parsed == NULL)
		return NULL;
	*cause = "its header is malformed";
	parsed->jws = cjose_jws_import((const char *) token.data, token.len, NULL);
	if (parsed->jws != NULL && cjose_jws_get_plaintext(parsed->jws, &plain, &len, NULL))
		*cause = check_header(cjose_jws_get_protected(parsed->jws));
	if (*cause != NULL)
	{
		e3_signed_token_free(parsed);
		return NULL;
	}
	*payload = (EvwBytes){plain, len};
	return parsed;
}

bool
e3_signed_token_verify(E3SignedToken *token, const E3TokenKey *key)
{
	return cjose_jws_verify(token->jws, key->jwk, NULL);
}

void
e3_signed_token_free(E3SignedToken *token)
{
	cjose_jws_release(token->jws);
	free(token);
}
