/*
 * crypto/agree_openssl.c
 *	  ECDH on both curves through OpenSSL's point arithmetic.
 *
 * Below EVP, which would validate our own keys again each time and costs twice
 * as much.  Scalars are secure, constant-time bignums; a point that was secret
 * (Z is the X coordinate of one) is overwritten by a public one after use.
 */
#include "crypto/agree_backend.h"

#include "base/secret.h"
#include "crypto/curve.h"
#include "crypto/key_pair_private.h"
#include "crypto/p256_point.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>

typedef struct State
{
	EvwCurve curve;
	EC_GROUP *group;
	BN_CTX *bignums;				  /* numbers in the locked arena */
	EC_POINT *ephemeral;			  /* public */
	EC_POINT *shared;				  /* secret while in use */
	BIGNUM *scalar;					  /* both in the locked arena */
	uint8_t (*bytes)[E3_PRIVATE_LEN]; /* of the scalar */
} State;

static bool
describe(char *out, size_t size)
{
	(void) snprintf(out, size, "openssl %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return true;
}

static void
close_state(void *at)
{
	State *state = at;

	if (state == NULL)
		return;
	e3_secret_free(state->bytes, E3_PRIVATE_LEN);
	BN_clear_free(state->scalar);
	EC_POINT_clear_free(state->shared);
	EC_POINT_free(state->ephemeral);
	BN_CTX_free(state->bignums);
	EC_GROUP_free(state->group);
	OPENSSL_free(state);
}

static bool
fill_state(State *state)
{
	state->group = e3_curve_new(state->curve);
	state->bignums = BN_CTX_secure_new();
	state->scalar = BN_secure_new();
	state->bytes = e3_secret_alloc(E3_PRIVATE_LEN);
	if (state->group == NULL || state->bignums == NULL || state->scalar == NULL ||
		state->bytes == NULL)
		return false;
	BN_set_flags(state->scalar, BN_FLG_CONSTTIME);
	state->ephemeral = EC_POINT_new(state->group);
	state->shared = EC_POINT_new(state->group);
	return state->ephemeral != NULL && state->shared != NULL;
}

static void *
open_state(EvwCurve curve)
{
	State *state = OPENSSL_zalloc(sizeof(*state));

	if (state == NULL)
		return NULL;
	state->curve = curve;
	if (fill_state(state))
		return state;
	close_state(state);
	ERR_clear_error();
	return NULL;
}

/* z = X coordinate of secret * point, padded on the left. */
static bool
multiply(State *state, const EC_POINT *point, const BIGNUM *secret, uint8_t z[E3_Z_LEN])
{
	const EC_POINT *generator = EC_GROUP_get0_generator(state->group);
	BIGNUM *x;
	bool good;

	BN_CTX_start(state->bignums);
	x = BN_CTX_get(state->bignums);
	good = x != NULL &&
		   EC_POINT_mul(state->group, state->shared, NULL, point, secret,
						state->bignums) == 1 &&
		   EC_POINT_get_affine_coordinates(state->group, state->shared, x, NULL,
										   state->bignums) == 1 &&
		   BN_bn2binpad(x, z, E3_Z_LEN) == E3_Z_LEN;
	if (x != NULL)
		BN_clear(x);
	BN_CTX_end(state->bignums);
	/* Its coordinates are as wide as the curve, so nothing of the secret stays. */
	return EC_POINT_copy(state->shared, generator) == 1 && good;
}

static bool
write_point(State *state, uint8_t uncompressed[E3_POINT_LEN])
{
	return EC_POINT_point2oct(state->group, state->ephemeral,
							  POINT_CONVERSION_UNCOMPRESSED, uncompressed, E3_POINT_LEN,
							  state->bignums) == E3_POINT_LEN;
}

static bool
ephemeral_one(State *state, const E3KeyPair *app, E3Agreement *agreement)
{
	return e3_curve_random_scalars(state->curve, 1, state->bytes) &&
		   BN_bin2bn(state->bytes[0], E3_PRIVATE_LEN, state->scalar) != NULL &&
		   EC_POINT_mul(state->group, state->ephemeral, state->scalar, NULL, NULL,
						state->bignums) == 1 &&
		   write_point(state, agreement->point) &&
		   multiply(state, app->point, state->scalar, agreement->z);
}

static bool
ephemeral(void *at, const E3KeyPair *app, size_t n, E3Agreement agreements[])
{
	State *state = at;
	bool good = true;

	for (size_t i = 0; good && i < n; i++)
		good = ephemeral_one(state, app, &agreements[i]);
	BN_clear(state->scalar);
	e3_wipe(state->bytes, E3_PRIVATE_LEN);
	if (!good)
		ERR_clear_error();
	return good;
}

/*
 * EC_POINT_oct2point is the whole validation: 33 bytes can only be a compressed
 * point, its X must be below p and give a Y, so it lies on the curve; infinity
 * has no such form; and the cofactor is 1.  On P-256 our own square root is nearly
 * twice as fast, and OpenSSL then checks that what came out lies on the curve.
 */
static bool
read_point(State *state, const uint8_t epk[EVW_POINT_LEN],
		   uint8_t uncompressed[E3_POINT_LEN])
{
	if (state->curve == EVW_CURVE_P256)
		return e3_p256_decompress(uncompressed, epk) &&
			   EC_POINT_oct2point(state->group, state->ephemeral, uncompressed,
								  E3_POINT_LEN, state->bignums) == 1;
	return EC_POINT_oct2point(state->group, state->ephemeral, epk, EVW_POINT_LEN,
							  state->bignums) == 1 &&
		   write_point(state, uncompressed);
}

static EvwStatus
with_one(State *state, const E3AgreeItem *item)
{
	if (!read_point(state, item->epk, item->agreement->point))
		return EVW_DOES_NOT_OPEN;
	return multiply(state, state->ephemeral, item->pair->secret, item->agreement->z)
			   ? EVW_OK
			   : EVW_CRYPTO_FAILED;
}

static void
with(void *at, size_t n, const E3AgreeItem items[])
{
	for (size_t i = 0; i < n; i++)
	{
		*items[i].status = with_one(at, &items[i]);
		if (*items[i].status != EVW_OK)
			ERR_clear_error();
	}
}

const E3AgreeBackend e3_agree_openssl = {.at_once = 1,
										 .serves = {true, true},
										 .describe = describe,
										 .open = open_state,
										 .close = close_state,
										 .ephemeral = ephemeral,
										 .with = with};
