/*
 * unit/rpc_random_test.c
 *	  Without random numbers nothing is encrypted, made or kept.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "rpc_help.h"

#include "crypto/random.h"

#include <openssl/rand.h>

/* Bytes that may still be drawn before the generator fails, and what it has come to. */
static int left;
static uint32_t state_of_generator = 1;

static int
draw(unsigned char *out, int len)
{
	if (len > left)
		return 0;
	left -= len;
	/* Not random, but new each time, which is enough for keys to differ. */
	for (int i = 0; i < len; i++)
	{
		state_of_generator = state_of_generator * UINT32_C(1664525) + 1013904223;
		out[i] = (unsigned char) (state_of_generator >> 24);
	}
	return 1;
}

static int
is_ready(void)
{
	return 1;
}

static RAND_METHOD failing = {.bytes = draw, .pseudorand = draw, .status = is_ready};

static EvwStatus
encrypt(RpcFixture *fixture, EvwCurve curve, uint32_t values_per_key)
{
	const EvwBytes values[] = {BYTES("one"), BYTES("two"), BYTES("three")};
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	E3Call call;
	EvwStatus status;

	header.curve = curve;
	header.values_per_key = values_per_key;
	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, values, 3, (EvwBytes){NULL, 0});
	status = rpc_execute(fixture, &call, &message);
	e3_call_release(&call);
	return status;
}

/* Wherever it fails on the way, the request does, and the next one goes on. */
static void
a_request_without_random_numbers_fails(void **state)
{
	RpcFixture *fixture = *state;
	const RAND_METHOD *real = RAND_get_rand_method();

	for (int curve = 0; curve < 2; curve++)
	{
		int failed = 0;

		assert_int_equal(RAND_set_rand_method(&failing), 1);
		for (int bytes = 0; bytes <= 2000; bytes += 4)
		{
			EvwStatus status;

			left = bytes;
			status = encrypt(fixture, (EvwCurve) curve, 1);
			assert_true(status == EVW_OK || status == EVW_CRYPTO_FAILED);
			/* None was done without: of three keys and IV bases. */
			assert_true(status != EVW_OK ||
						bytes - left >= 3 * (E3_PRIVATE_LEN + EVW_IV_LEN));
			failed += status != EVW_OK;
		}
		/* Three keys and IV bases: more than a hundred bytes, and not 2,000. */
		assert_true(failed > 25);
		assert_true(failed < 500);
		assert_int_equal(RAND_set_rand_method(real), 1);
		assert_status(encrypt(fixture, (EvwCurve) curve, 1), EVW_OK);
	}
}

static void
no_key_is_put_on_the_shelf(void **state)
{
	RpcFixture *fixture = *state;
	E3RequestKeys *keys = fixture->shared.request_keys;
	const RAND_METHOD *real = RAND_get_rand_method();

	assert_status(encrypt(fixture, EVW_CURVE_P256, 0), EVW_OK);
	assert_int_equal(e3_request_keys_count(keys), 0);
	assert_int_equal(RAND_set_rand_method(&failing), 1);
	left = 0;
	assert_false(e3_request_keys_stock(keys, fixture->worker.scratch));
	assert_int_equal(e3_request_keys_count(keys), 0);
	assert_int_equal(RAND_set_rand_method(real), 1);
	assert_true(e3_request_keys_stock(keys, fixture->worker.scratch));
	e3_request_keys_clear(keys, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_without_random_numbers_fails),
		cmocka_unit_test(no_key_is_put_on_the_shelf),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
