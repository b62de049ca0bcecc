/*
 * crypto/agree_secp256k1.c
 *	  ECDH on secp256k1 through libsecp256k1, which is constant-time and eleven
 *	  times as fast as OpenSSL there.
 *
 * Its context is blinded with random bytes when it is made, and lies in the
 * locked arena.
 */
#include "crypto/agree_backend.h"

#include "base/secret.h"
#include "crypto/curve.h"
#include "crypto/key_pair_private.h"
#include "crypto/random.h"

#include <openssl/bn.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_preallocated.h>
#include <stdio.h>
#include <string.h>

typedef struct State
{
	uint8_t secrets[1][E3_PRIVATE_LEN];
	secp256k1_context *context; /* in the same piece of the arena, behind this */
} State;

#define CONTEXT_AT ((sizeof(State) + 15) / 16 * 16)

static size_t
state_size(void)
{
	return CONTEXT_AT + secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE);
}

static bool
describe(char *out, size_t size)
{
	const char *version = E3_WITH_SECP256K1;

	(void) snprintf(out, size, "libsecp256k1%s%s", *version != '\0' ? " " : "", version);
	return true;
}

static void
close_state(void *at)
{
	State *state = at;

	if (state == NULL)
		return;
	if (state->context != NULL)
		secp256k1_context_preallocated_destroy(state->context);
	e3_secret_free(state, state_size());
}

static void *
open_state(EvwCurve curve)
{
	State *state = e3_secret_alloc(state_size());
	bool good;

	(void) curve;
	if (state == NULL)
		return NULL;
	state->context = secp256k1_context_preallocated_create((uint8_t *) state + CONTEXT_AT,
														   SECP256K1_CONTEXT_NONE);
	good = state->context != NULL &&
		   e3_random(state->secrets[0], E3_PRIVATE_LEN) == EVW_OK &&
		   secp256k1_context_randomize(state->context, state->secrets[0]) == 1;
	e3_wipe(state->secrets, sizeof(state->secrets));
	if (good)
		return state;
	close_state(state);
	return NULL;
}

/* Z is the X coordinate itself: the KDF is ours. */
static int
take_x(unsigned char *z, const unsigned char *x, const unsigned char *y, void *data)
{
	(void) y;
	(void) data;
	memcpy(z, x, E3_Z_LEN);
	return 1;
}

static bool
multiply(const State *state, const secp256k1_pubkey *point, uint8_t z[E3_Z_LEN])
{
	return secp256k1_ecdh(state->context, z, point, state->secrets[0], take_x, NULL) == 1;
}

static bool
write_point(const State *state, const secp256k1_pubkey *point,
			uint8_t uncompressed[E3_POINT_LEN])
{
	size_t len = E3_POINT_LEN;

	return secp256k1_ec_pubkey_serialize(state->context, uncompressed, &len, point,
										 SECP256K1_EC_UNCOMPRESSED) == 1 &&
		   len == E3_POINT_LEN;
}

static bool
ephemeral(void *at, const E3KeyPair *app, size_t n, E3Agreement agreements[])
{
	State *state = at;
	secp256k1_pubkey theirs;
	secp256k1_pubkey ours;
	bool good = secp256k1_ec_pubkey_parse(state->context, &theirs, app->uncompressed,
										  E3_POINT_LEN) == 1;

	for (size_t i = 0; good && i < n; i++)
		good =
			e3_curve_random_scalars(EVW_CURVE_SECP256K1, 1, state->secrets) &&
			secp256k1_ec_pubkey_create(state->context, &ours, state->secrets[0]) == 1 &&
			write_point(state, &ours, agreements[i].point) &&
			multiply(state, &theirs, agreements[i].z);
	e3_wipe(state->secrets, sizeof(state->secrets));
	return good;
}

/*
 * Parsing is the whole validation: of 33 bytes it takes a compressed point
 * only, with X below p and on the curve; the cofactor is 1.
 */
static EvwStatus
with_one(State *state, const E3AgreeItem *item)
{
	secp256k1_pubkey point;

	if (secp256k1_ec_pubkey_parse(state->context, &point, item->epk, EVW_POINT_LEN) != 1)
		return EVW_DOES_NOT_OPEN;
	return BN_bn2binpad(item->pair->secret, state->secrets[0], E3_PRIVATE_LEN) ==
					   E3_PRIVATE_LEN &&
				   write_point(state, &point, item->agreement->point) &&
				   multiply(state, &point, item->agreement->z)
			   ? EVW_OK
			   : EVW_CRYPTO_FAILED;
}

static void
with(void *at, size_t n, const E3AgreeItem items[])
{
	State *state = at;

	for (size_t i = 0; i < n; i++)
		*items[i].status = with_one(state, &items[i]);
	e3_wipe(state->secrets, sizeof(state->secrets));
}

const E3AgreeBackend e3_agree_secp256k1 = {.at_once = 1,
										   .serves = {[EVW_CURVE_SECP256K1] = true},
										   .describe = describe,
										   .open = open_state,
										   .close = close_state,
										   .ephemeral = ephemeral,
										   .with = with};
