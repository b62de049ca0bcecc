/*
 * crypto/curve.c
 *	  P-256 and secp256k1, and how private keys of them are drawn.
 */
#include "crypto/curve.h"

#include "base/secret.h"
#include "crypto/random.h"

#include <openssl/obj_mac.h>

/* clang-format off */
/* Orders of the two groups (SEC 2), by EvwCurve. */
static const uint8_t orders[][E3_PRIVATE_LEN] = {
	{
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
		0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	},
	{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
		0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
	},
};
/* clang-format on */

EC_GROUP *
e3_curve_new(EvwCurve curve)
{
	return EC_GROUP_new_by_curve_name(curve == EVW_CURVE_P256 ? NID_X9_62_prime256v1
															  : NID_secp256k1);
}

/* Subtracts the order without looking at where the first difference is. */
bool
e3_curve_has_scalar(EvwCurve curve, const uint8_t scalar[E3_PRIVATE_LEN])
{
	uint32_t borrow = 0;
	uint32_t any = 0;

	for (int i = E3_PRIVATE_LEN - 1; i >= 0; i--)
	{
		borrow = ((uint32_t) scalar[i] - orders[curve][i] - borrow) >> 31;
		any |= scalar[i];
	}
	return borrow != 0 && any != 0;
}

bool
e3_curve_random_scalars(EvwCurve curve, size_t n, uint8_t scalars[][E3_PRIVATE_LEN])
{
	bool good = e3_random(scalars[0], n * E3_PRIVATE_LEN) == EVW_OK;

	/* Out of range is one in 2^32 on P-256, and drawn anew. */
	for (size_t i = 0; good && i < n; i++)
		while (good && !e3_curve_has_scalar(curve, scalars[i]))
			good = e3_random(scalars[i], E3_PRIVATE_LEN) == EVW_OK;
	if (!good)
		e3_wipe(scalars[0], n * E3_PRIVATE_LEN);
	return good;
}
