/*
 * unit/rpc_decrypt_test.c
 *	  DECRYPT: every ciphertext version, every damage, one outcome a value.
 */
#include "rpc_help.h"

#include <string.h>

static void
opens_every_version(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;
	int opened = 0;

	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		const char *text = help_field(vector, "text");
		bool bound = json_is_string(json_object_get(vector, "context"));
		EvwBytes plain;
		EvwStatus status = rpc_decrypt_one(fixture, "old", envelope, &plain);

		if (bound)
			assert_status(status, EVW_CONTEXT_MISSING);
		else
		{
			assert_status(status, EVW_OK);
			assert_bytes_equal(plain, (EvwBytes){(const uint8_t *) text, strlen(text)});
			help_release(plain);
			assert_status(rpc_decrypt_one(fixture, "new", envelope, NULL),
						  EVW_DOES_NOT_OPEN);
			opened++;
		}
		help_release(envelope);
	}
	assert_true(opened >= 20);
}

/*
 * Only two bits of an envelope are not about its content: whether its text
 * form names "string" and is padded.
 */
static void
no_flipped_bit_opens(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_qktc_envelope(fixture);
	uint8_t *bytes = (uint8_t *) envelope.data;
	const size_t free_bits[] = {1 * 8 + 2, 1 * 8 + 3};

	for (size_t bit = 0; bit < envelope.len * 8; bit++)
	{
		EvwStatus status;

		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		status = rpc_decrypt_one(fixture, "old", envelope, NULL);
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (bit == free_bits[0] || bit == free_bits[1])
			assert_status(status, EVW_OK);
		else
			assert_int_not_equal(status, EVW_OK);
	}
	assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL), EVW_OK);
	help_release(envelope);
}

static void
no_truncation_opens(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_qktc_envelope(fixture);

	for (size_t len = 0; len < envelope.len; len++)
	{
		EvwBytes cut = help_exact((EvwBytes){envelope.data, len});
		EvwStatus status = rpc_decrypt_one(fixture, "old", cut, NULL);

		if (len < EVW_ENVELOPE_MIN)
			assert_status(status, EVW_NOT_CIPHERTEXT);
		else
			assert_status(status, EVW_DOES_NOT_OPEN);
		help_release(cut);
	}
	help_release(envelope);
}

static void
hint_names_one_key(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_qktc_envelope(fixture);
	E3KeyPair *pair =
		help_pair(EVW_CURVE_P256, rpc_curve_field(fixture, "p256", "private"));
	uint8_t *hint = (uint8_t *) envelope.data + 2;

	memcpy(hint, e3_key_pair_hint(pair), EVW_HINT_LEN);
	assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL), EVW_OK);
	assert_status(rpc_decrypt_one(fixture, "new", envelope, NULL), EVW_UNKNOWN_KEY);
	hint[0] ^= 1;
	assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL), EVW_UNKNOWN_KEY);
	e3_key_pair_free(pair);
	help_release(envelope);
}

/* One bad value fails alone; order and count stay. */
static void
bad_value_harms_no_other(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes good = rpc_qktc_envelope(fixture);
	EvwBytes bad = help_exact(good);
	EvwBytes values[] = {good, bad, BYTES("junk"), good};
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	E3Call call;

	((uint8_t *) bad.data)[bad.len - 1] ^= 1;
	e3_derived_clear(fixture->shared.derived, 0);
	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, values, 4, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_bytes_equal(result.statuses, BYTES("\0\1\2\0"));
	assert_bytes_equal(result.values.bytes, BYTES("hello worldhello world"));
	assert_int_equal(result.header.cache_hits, 3);
	e3_call_release(&call);
	help_release(bad);
	help_release(good);
}

/*
 * The same bytes can be a key on either curve.  Here the first value is of the
 * other curve and does not open; the second must not be tried with its key.
 */
static void
curves_do_not_share_a_key_at_hand(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes good = rpc_qktc_envelope(fixture);
	EvwBytes other = help_exact(good);
	EvwBytes values[] = {other, good};
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	E3Call call;

	((uint8_t *) other.data)[0] = EVW_TAG_S0LS;
	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, values, 2, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_bytes_equal(result.statuses, BYTES("\1\0"));
	assert_bytes_equal(result.values.bytes, BYTES("hello world"));
	e3_call_release(&call);
	help_release(other);
	help_release(good);
}

static uint64_t
hits_of(RpcFixture *fixture, const EvwBytes *values, uint32_t count)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	E3Call call;

	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, values, count, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	e3_call_release(&call);
	return result.header.cache_hits;
}

/* From one request to the next a key is kept once a value has opened under it. */
static void
keys_are_kept_when_they_have_opened(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes good = rpc_qktc_envelope(fixture);
	EvwBytes bad = help_exact(good);

	((uint8_t *) bad.data)[bad.len - 1] ^= 1;
	e3_derived_clear(fixture->shared.derived, 0);
	assert_int_equal(hits_of(fixture, &bad, 1), 0);
	assert_int_equal(e3_derived_count(fixture->shared.derived), 0);
	assert_int_equal(hits_of(fixture, &good, 1), 0);
	assert_int_equal(e3_derived_count(fixture->shared.derived), 1);
	assert_int_equal(hits_of(fixture, &good, 1), 1);
	assert_int_equal(hits_of(fixture, &bad, 1), 1);
	assert_int_equal(e3_derived_count(fixture->shared.derived), 1);
	e3_derived_clear(fixture->shared.derived, 0);
	assert_int_equal(hits_of(fixture, &good, 1), 0);
	help_release(bad);
	help_release(good);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_every_version),
		cmocka_unit_test(no_flipped_bit_opens),
		cmocka_unit_test(no_truncation_opens),
		cmocka_unit_test(hint_names_one_key),
		cmocka_unit_test(bad_value_harms_no_other),
		cmocka_unit_test(curves_do_not_share_a_key_at_hand),
		cmocka_unit_test(keys_are_kept_when_they_have_opened),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
