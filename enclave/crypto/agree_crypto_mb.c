/*
 * crypto/agree_crypto_mb.c
 *	  ECDH on P-256 through Intel's crypto_mb: eight points at once, on CPUs with
 *	  AVX-512 IFMA.
 *
 * A call costs the same however many of its eight lanes are wanted, so a rest
 * of less than FEW goes to OpenSSL instead; lanes that are not wanted repeat the
 * last one that is.
 */
#include "crypto/agree_backend.h"

#include "base/secret.h"
#include "crypto/curve.h"
#include "crypto/key_pair_private.h"
#include "crypto/p256_point.h"

#include <crypto_mb/cpu_features.h>
#include <crypto_mb/ec_nistp256.h>
#include <crypto_mb/version.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <string.h>

#define LANES 8
#define FEW 3
#define LIMBS 4

/* Numbers as the library takes them: 64-bit limbs, the lowest first. */
typedef struct State
{
	uint8_t scalars[LANES][E3_PRIVATE_LEN];
	uint8_t z[LANES][E3_Z_LEN];
	int64u secrets[LANES][LIMBS];
	int64u x[LANES][LIMBS];
	int64u y[LANES][LIMBS];
	void *openssl;
} State;

static bool
describe(char *out, size_t size)
{
	const mbxVersion *version = mbx_getversion();

	if (mbx_is_crypto_mb_applicable(mbx_get_cpu_features()) == 0 ||
		(mbx_get_algo_info(MBX_ALGO_EC_NIST_P256) & MBX_WIDTH_MB8) == 0)
		return false;
	(void) snprintf(out, size, "crypto_mb %d.%d (avx512ifma)", version->major,
					version->minor);
	return true;
}

static void
close_state(void *at)
{
	State *state = at;

	if (state == NULL)
		return;
	e3_agree_openssl.close(state->openssl);
	e3_secret_free(state, sizeof(*state));
}

static void *
open_state(EvwCurve curve)
{
	State *state = e3_secret_alloc(sizeof(*state));

	if (state == NULL)
		return NULL;
	state->openssl = e3_agree_openssl.open(curve);
	if (state->openssl != NULL)
		return state;
	close_state(state);
	return NULL;
}

/* All that is secret: what is left is only the way to OpenSSL's state. */
static void
wipe(State *state)
{
	e3_wipe(state, offsetof(State, openssl));
}

static void
to_limbs(int64u limbs[LIMBS], const uint8_t number[LIMBS * 8])
{
	for (int i = 0; i < LIMBS; i++)
	{
		memcpy(&limbs[LIMBS - 1 - i], number + 8 * i, 8);
		limbs[LIMBS - 1 - i] = __builtin_bswap64(limbs[LIMBS - 1 - i]);
	}
}

static void
from_limbs(uint8_t number[LIMBS * 8], const int64u limbs[LIMBS])
{
	for (int i = 0; i < LIMBS; i++)
	{
		int64u limb = __builtin_bswap64(limbs[LIMBS - 1 - i]);

		memcpy(number + 8 * i, &limb, 8);
	}
}

static void
set_point(State *state, int lane, const uint8_t uncompressed[E3_POINT_LEN])
{
	to_limbs(state->x[lane], uncompressed + 1);
	to_limbs(state->y[lane], uncompressed + 1 + E3_Z_LEN);
}

/* Z of every lane from secrets, x and y; false if that failed in any. */
static bool
multiply(State *state)
{
	const int64u *secrets[LANES];
	const int64u *x[LANES];
	const int64u *y[LANES];
	int8u *z[LANES];

	for (int i = 0; i < LANES; i++)
	{
		secrets[i] = state->secrets[i];
		x[i] = state->x[i];
		y[i] = state->y[i];
		z[i] = state->z[i];
	}
	/* Without Z the coordinates are affine. */
	return mbx_nistp256_ecdh_mb8(z, secrets, x, y, NULL, NULL) == MBX_STATUS_OK;
}

/* Public keys of all secrets, into x and y. */
static bool
make_public(State *state)
{
	const int64u *secrets[LANES];
	int64u *x[LANES];
	int64u *y[LANES];

	for (int i = 0; i < LANES; i++)
	{
		secrets[i] = state->secrets[i];
		x[i] = state->x[i];
		y[i] = state->y[i];
	}
	return mbx_nistp256_ecpublic_key_mb8(x, y, NULL, secrets, NULL) == MBX_STATUS_OK;
}

/* At most eight. */
static bool
ephemeral_lanes(State *state, const E3KeyPair *app, size_t n, E3Agreement agreements[])
{
	if (!e3_curve_random_scalars(EVW_CURVE_P256, LANES, state->scalars))
		return false;
	for (int i = 0; i < LANES; i++)
		to_limbs(state->secrets[i], state->scalars[i]);
	if (!make_public(state))
		return false;
	for (size_t i = 0; i < n; i++)
	{
		agreements[i].point[0] = POINT_CONVERSION_UNCOMPRESSED;
		from_limbs(agreements[i].point + 1, state->x[i]);
		from_limbs(agreements[i].point + 1 + E3_Z_LEN, state->y[i]);
	}
	for (int i = 0; i < LANES; i++)
		set_point(state, i, app->uncompressed);
	if (!multiply(state))
		return false;
	for (size_t i = 0; i < n; i++)
		memcpy(agreements[i].z, state->z[i], E3_Z_LEN);
	return true;
}

static size_t
lanes_of(size_t left)
{
	return left < LANES ? left : LANES;
}

static bool
ephemeral(void *at, const E3KeyPair *app, size_t n, E3Agreement agreements[])
{
	State *state = at;
	bool good = true;
	size_t done = 0;

	while (good && n - done >= FEW)
	{
		size_t lanes = lanes_of(n - done);

		good = ephemeral_lanes(state, app, lanes, agreements + done);
		done += lanes;
	}
	wipe(state);
	return good &&
		   e3_agree_openssl.ephemeral(state->openssl, app, n - done, agreements + done);
}

/*
 * Puts each item whose key is a point into the next lane; the others are
 * answered.  Returns how many lanes there are, and in "taken" whose they are.
 */
static size_t
fill_lanes(State *state, size_t n, const E3AgreeItem items[],
		   const E3AgreeItem *taken[LANES])
{
	size_t lanes = 0;

	for (size_t i = 0; i < n; i++)
	{
		const E3AgreeItem *item = &items[i];

		if (!e3_p256_decompress(item->agreement->point, item->epk))
			*item->status = EVW_DOES_NOT_OPEN;
		else if (BN_bn2binpad(item->pair->secret, state->scalars[lanes],
							  E3_PRIVATE_LEN) != E3_PRIVATE_LEN)
			*item->status = EVW_CRYPTO_FAILED;
		else
		{
			to_limbs(state->secrets[lanes], state->scalars[lanes]);
			set_point(state, (int) lanes, item->agreement->point);
			taken[lanes++] = item;
		}
	}
	for (size_t i = lanes; lanes > 0 && i < LANES; i++)
	{
		memcpy(state->secrets[i], state->secrets[lanes - 1], sizeof(state->secrets[i]));
		memcpy(state->x[i], state->x[lanes - 1], sizeof(state->x[i]));
		memcpy(state->y[i], state->y[lanes - 1], sizeof(state->y[i]));
	}
	return lanes;
}

/* At most eight. */
static void
with_lanes(State *state, size_t n, const E3AgreeItem items[])
{
	const E3AgreeItem *taken[LANES];
	size_t lanes = fill_lanes(state, n, items, taken);
	bool good = lanes == 0 || multiply(state);

	for (size_t i = 0; i < lanes; i++)
	{
		*taken[i]->status = good ? EVW_OK : EVW_CRYPTO_FAILED;
		memcpy(taken[i]->agreement->z, state->z[i], E3_Z_LEN);
	}
}

static void
with(void *at, size_t n, const E3AgreeItem items[])
{
	State *state = at;
	size_t done = 0;

	while (n - done >= FEW)
	{
		size_t lanes = lanes_of(n - done);

		with_lanes(state, lanes, items + done);
		done += lanes;
	}
	wipe(state);
	e3_agree_openssl.with(state->openssl, n - done, items + done);
}

const E3AgreeBackend e3_agree_crypto_mb = {.at_once = 8,
										   .serves = {[EVW_CURVE_P256] = true},
										   .describe = describe,
										   .open = open_state,
										   .close = close_state,
										   .ephemeral = ephemeral,
										   .with = with};
