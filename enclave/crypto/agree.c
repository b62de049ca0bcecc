/*
 * crypto/agree.c
 *	  ECDH, generic over the two curves.
 *
 * Scalars are secure, constant-time bignums.  Points that are secret (Z is the
 * X coordinate of one) are allocated for one agreement and wiped, which costs
 * nothing beside the multiplication.
 */
#include "crypto/agree.h"

#include "base/secret.h"
#include "crypto/key_pair_private.h"
#include "crypto/scratch_private.h"

#include <openssl/bn.h>
#include <openssl/err.h>

/* z = X coordinate of secret * point, padded on the left. */
static bool
multiply(E3Scratch *scratch, const EC_GROUP *group, const EC_POINT *point,
		 const BIGNUM *secret, uint8_t z[E3_Z_LEN])
{
	EC_POINT *shared = EC_POINT_new(group);
	BIGNUM *x;
	bool good;

	BN_CTX_start(scratch->bignums);
	x = BN_CTX_get(scratch->bignums);
	good =
		shared != NULL && x != NULL &&
		EC_POINT_mul(group, shared, NULL, point, secret, scratch->bignums) == 1 &&
		EC_POINT_get_affine_coordinates(group, shared, x, NULL, scratch->bignums) == 1 &&
		BN_bn2binpad(x, z, E3_Z_LEN) == E3_Z_LEN;
	if (x != NULL)
		BN_clear(x);
	BN_CTX_end(scratch->bignums);
	EC_POINT_clear_free(shared);
	return good;
}

static bool
write_point(E3Scratch *scratch, const EC_GROUP *group, const EC_POINT *point,
			uint8_t uncompressed[E3_POINT_LEN])
{
	return EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, uncompressed,
							  E3_POINT_LEN, scratch->bignums) == E3_POINT_LEN;
}

/* Compressed from uncompressed: the sign is Y's lowest bit (SEC 1, 2.3.3). */
static void
compress(const uint8_t point[E3_POINT_LEN], uint8_t epk[EVW_POINT_LEN])
{
	epk[0] = 2 | (point[E3_POINT_LEN - 1] & 1);
	for (int i = 1; i < EVW_POINT_LEN; i++)
		epk[i] = point[i];
}

EvwStatus
e3_agree_ephemeral(E3Scratch *scratch, const E3KeyPair *app, uint8_t epk[EVW_POINT_LEN],
				   E3Agreement *agreement)
{
	const EC_GROUP *group = scratch->groups[app->curve];
	EC_POINT *ephemeral = EC_POINT_new(group);
	BIGNUM *scalar;
	bool good;

	BN_CTX_start(scratch->bignums);
	scalar = BN_CTX_get(scratch->bignums);
	good = ephemeral != NULL && scalar != NULL && e3_curve_random_scalar(group, scalar) &&
		   EC_POINT_mul(group, ephemeral, scalar, NULL, NULL, scratch->bignums) == 1 &&
		   write_point(scratch, group, ephemeral, agreement->point) &&
		   multiply(scratch, group, app->point, scalar, agreement->z);
	if (scalar != NULL)
		BN_clear(scalar);
	BN_CTX_end(scratch->bignums);
	EC_POINT_free(ephemeral);
	if (good)
	{
		compress(agreement->point, epk);
		return EVW_OK;
	}
	e3_wipe(agreement, sizeof(*agreement));
	ERR_clear_error();
	return EVW_CRYPTO_FAILED;
}

/*
 * EC_POINT_oct2point is the whole validation: 33 bytes can only be a
 * compressed point, its X must be below p and give a Y, so it lies on the
 * curve; infinity has no such form; and the cofactor is 1.
 */
EvwStatus
e3_agree_with(E3Scratch *scratch, const E3KeyPair *app, const uint8_t epk[EVW_POINT_LEN],
			  E3Agreement *agreement)
{
	const EC_GROUP *group = scratch->groups[app->curve];
	EC_POINT *ephemeral = EC_POINT_new(group);
	EvwStatus status = EVW_CRYPTO_FAILED;

	if (ephemeral != NULL &&
		EC_POINT_oct2point(group, ephemeral, epk, EVW_POINT_LEN, scratch->bignums) != 1)
		status = EVW_DOES_NOT_OPEN;
	else if (ephemeral != NULL &&
			 write_point(scratch, group, ephemeral, agreement->point) &&
			 multiply(scratch, group, ephemeral, app->secret, agreement->z))
		status = EVW_OK;
	EC_POINT_free(ephemeral);
	if (status != EVW_OK)
	{
		e3_wipe(agreement, sizeof(*agreement));
		ERR_clear_error();
	}
	return status;
}
