/*
 * crypto/curve.c
 *	  P-256 and secp256k1, as OpenSSL has them.
 */
#include "crypto/curve.h"

#include <openssl/bn.h>
#include <openssl/obj_mac.h>

EC_GROUP *
e3_curve_new(EvwCurve curve)
{
	return EC_GROUP_new_by_curve_name(curve == EVW_CURVE_P256 ? NID_X9_62_prime256v1
															  : NID_secp256k1);
}

bool
e3_curve_has_scalar(const EC_GROUP *group, const BIGNUM *scalar)
{
	return !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
}

bool
e3_curve_random_scalar(const EC_GROUP *group, BIGNUM *scalar)
{
	BN_set_flags(scalar, BN_FLG_CONSTTIME);
	do
	{
		if (BN_priv_rand_range(scalar, EC_GROUP_get0_order(group)) != 1)
			return false;
	} while (BN_is_zero(scalar));
	return true;
}
