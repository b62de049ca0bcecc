/*
 * crypto/key_pair.c
 *	  An app's key pair: made, imported, told, wiped.
 */
#include "base/secret.h"
#include "crypto/curve.h"
#include "crypto/key_pair_private.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* Public key and hint from pair->secret. */
static bool
derive_public(E3KeyPair *pair, const EC_GROUP *group, BN_CTX *bignums)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	pair->point = EC_POINT_new(group);
	if (pair->point == NULL ||
		EC_POINT_mul(group, pair->point, pair->secret, NULL, NULL, bignums) != 1 ||
		EC_POINT_point2oct(group, pair->point, POINT_CONVERSION_COMPRESSED,
						   pair->public_key, sizeof(pair->public_key),
						   bignums) != sizeof(pair->public_key) ||
		EC_POINT_point2oct(group, pair->point, POINT_CONVERSION_UNCOMPRESSED,
						   pair->uncompressed, sizeof(pair->uncompressed),
						   bignums) != sizeof(pair->uncompressed) ||
		EVP_Digest(pair->public_key, sizeof(pair->public_key), digest, NULL, EVP_sha256(),
				   NULL) != 1)
		return false;
	memcpy(pair->hint, digest, sizeof(pair->hint));
	return true;
}

static EvwStatus
fill_pair(E3KeyPair *pair, const uint8_t *private_key, const EC_GROUP *group,
		  BN_CTX *bignums)
{
	if (!e3_curve_has_scalar(pair->curve, private_key))
		return EVW_BAD_KEY;
	pair->secret = BN_secure_new();
	if (pair->secret == NULL)
		return EVW_OUT_OF_MEMORY;
	BN_set_flags(pair->secret, BN_FLG_CONSTTIME);
	if (BN_bin2bn(private_key, E3_PRIVATE_LEN, pair->secret) == NULL)
		return EVW_OUT_OF_MEMORY;
	return derive_public(pair, group, bignums) ? EVW_OK : EVW_CRYPTO_FAILED;
}

EvwStatus
e3_key_pair_from_private(EvwCurve curve, const uint8_t private_key[E3_PRIVATE_LEN],
						 E3KeyPair **result)
{
	E3KeyPair *pair = calloc(1, sizeof(*pair));
	EC_GROUP *group = e3_curve_new(curve);
	BN_CTX *bignums = BN_CTX_secure_new();
	EvwStatus status = EVW_OUT_OF_MEMORY;

	if (pair != NULL && group != NULL && bignums != NULL)
	{
		pair->curve = curve;
		status = fill_pair(pair, private_key, group, bignums);
	}
	BN_CTX_free(bignums);
	EC_GROUP_free(group);
	if (status != EVW_OK)
	{
		e3_key_pair_free(pair);
		pair = NULL;
		ERR_clear_error();
	}
	*result = pair;
	return status;
}

E3KeyPair *
e3_key_pair_generate(EvwCurve curve)
{
	uint8_t(*secret)[E3_PRIVATE_LEN] = e3_secret_alloc(E3_PRIVATE_LEN);
	E3KeyPair *pair = NULL;

	if (secret != NULL && e3_curve_random_scalars(curve, 1, secret) &&
		e3_key_pair_from_private(curve, secret[0], &pair) != EVW_OK)
		pair = NULL;
	e3_secret_free(secret, E3_PRIVATE_LEN);
	return pair;
}

void
e3_key_pair_free(E3KeyPair *pair)
{
	if (pair == NULL)
		return;
	BN_clear_free(pair->secret);
	EC_POINT_free(pair->point);
	free(pair);
}

const uint8_t *
e3_key_pair_public(const E3KeyPair *pair)
{
	return pair->public_key;
}

const uint8_t *
e3_key_pair_hint(const E3KeyPair *pair)
{
	return pair->hint;
}

void
e3_key_pair_private(const E3KeyPair *pair, uint8_t private_key[E3_PRIVATE_LEN])
{
	/* Cannot fail: the secret is below the order, which has 32 bytes. */
	(void) BN_bn2binpad(pair->secret, private_key, E3_PRIVATE_LEN);
}
