/*
 * unit/rpc_encrypt_test.c
 *	  ENCRYPT: values come back, keys and IVs are never shared.
 */
#include "rpc_help.h"

#include <stdlib.h>
#include <string.h>

/* Encrypts values; the result points into the call's reply. */
static void
encrypt(RpcFixture *fixture, E3Call *call, const EvwRequestHeader *header,
		const EvwBytes *values, uint32_t count, EvwBytes datatypes, EvwResult *result)
{
	EvwMessage message;

	rpc_make_call(call, EVW_VERB_ENCRYPT, header, values, count, datatypes);
	assert_status(rpc_execute(fixture, call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, result), EVW_OK);
	assert_int_equal(evw_column_count(&result->values), count);
	assert_int_equal(call->done, count);
}

static void
round_trip_keeps_values_apart(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES(""), BYTES("a"), BYTES("-1.5"), BYTES("true"),
							   BYTES("\0\xff\n")};
	const uint8_t datatypes[] = {0, 0, 1, 2, 0};
	EvwRequestHeader header = rpc_header_for("old");
	EvwColumnCursor cursor;
	EvwEnvelope first;
	EvwResult result;
	E3Call call;

	header.role = BYTES("permit-all");
	encrypt(fixture, &call, &header, values, 5, (EvwBytes){datatypes, 5}, &result);
	assert_int_equal(result.header.key_version, 2);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < 5; i++)
	{
		EvwBytes sealed = evw_column_next(&cursor);
		EvwEnvelope envelope;
		EvwBytes plain;

		assert_status(evw_envelope_parse(sealed, &envelope), EVW_OK);
		assert_int_equal(envelope.tag, EVW_TAG_QKTC);
		assert_int_equal(envelope.datatype, datatypes[i]);
		assert_true(evw_hint_known(envelope.hint));
		if (i == 0)
			first = envelope;
		else
		{
			assert_memory_equal(first.epk, envelope.epk, EVW_POINT_LEN);
			assert_memory_not_equal(first.iv, envelope.iv, EVW_IV_LEN);
		}
		assert_status(rpc_decrypt_one(fixture, "old", sealed, &plain), EVW_OK);
		assert_bytes_equal(plain, values[i]);
		help_release(plain);
		assert_status(rpc_decrypt_one(fixture, "new", sealed, NULL), EVW_UNKNOWN_KEY);
	}
	e3_call_release(&call);
}

static void
the_newest_key_is_that_of_new_values(void **state)
{
	RpcFixture *fixture = *state;
	E3Keyring *keyring = e3_keyring_acquire(fixture->shared.keyring);
	const E3App *app = e3_keyring_find(keyring, BYTES("old"));
	const EvwBytes value = BYTES("a");

	for (int curve = 0; curve < 2; curve++)
	{
		EvwRequestHeader header = rpc_header_for("old");
		EvwEnvelope envelope;
		EvwResult result;
		E3Call call;

		header.curve = (EvwCurve) curve;
		encrypt(fixture, &call, &header, &value, 1, (EvwBytes){NULL, 0}, &result);
		assert_status(evw_envelope_parse(result.values.bytes, &envelope), EVW_OK);
		assert_memory_equal(envelope.hint,
							e3_key_pair_hint(app->versions[0].pairs[curve]),
							EVW_HINT_LEN);
		e3_call_release(&call);
	}
	e3_keyring_release(keyring);
}

/* Another key after so many values, and the rest under the last. */
static void
a_key_serves_as_many_values_as_asked(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("a"), BYTES("b"), BYTES("c"), BYTES("d"),
							   BYTES("e")};
	EvwRequestHeader header = rpc_header_for("old");
	EvwEnvelope envelopes[5];
	EvwColumnCursor cursor;
	EvwResult result;
	E3Call call;

	header.values_per_key = 2;
	encrypt(fixture, &call, &header, values, 5, (EvwBytes){NULL, 0}, &result);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < 5; i++)
	{
		assert_status(evw_envelope_parse(evw_column_next(&cursor), &envelopes[i]),
					  EVW_OK);
		for (int j = 0; j < i; j++)
			assert_int_equal(memcmp(envelopes[i].epk, envelopes[j].epk, EVW_POINT_LEN) ==
								 0,
							 i / 2 == j / 2);
	}
	e3_call_release(&call);
}

static const struct
{
	EvwCurve curve;
	const char *format; /* NULL: the curve's own */
	EvwTag tag;
	bool metadata;
} formats[] = {
	{EVW_CURVE_P256, NULL, EVW_TAG_QKTC, true},
	{EVW_CURVE_P256, "QkTC", EVW_TAG_QKTC, true},
	{EVW_CURVE_P256, "Tk9D", EVW_TAG_TK9D, false},
	{EVW_CURVE_SECP256K1, NULL, EVW_TAG_S0LS, true},
	{EVW_CURVE_SECP256K1, "S0lS", EVW_TAG_S0LS, true},
	{EVW_CURVE_SECP256K1, "RFVC", EVW_TAG_RFVC, false},
};

/* Every format that can be asked for is made as its version says, and opens. */
static void
every_format_comes_back(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("hello"), BYTES("12.5")};
	const EvwBytes datatypes = BYTES("\0\1");

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
	{
		EvwRequestHeader header = rpc_header_for("old");
		EvwColumnCursor cursor;
		EvwResult result;
		E3Call call;

		header.curve = formats[i].curve;
		if (formats[i].format != NULL)
			header.format = (EvwBytes){(const uint8_t *) formats[i].format, 4};
		encrypt(fixture, &call, &header, values, 2, datatypes, &result);
		evw_column_open(&cursor, &result.values);
		for (int j = 0; j < 2; j++)
		{
			EvwBytes sealed = evw_column_next(&cursor);
			EvwEnvelope envelope;
			EvwBytes plain;

			assert_status(evw_envelope_parse(sealed, &envelope), EVW_OK);
			assert_int_equal(envelope.tag, formats[i].tag);
			assert_int_equal(envelope.datatype, j);
			assert_int_equal(envelope.sealed.len, values[j].len + EVW_TAG_LEN +
													  (formats[i].metadata ? 15 : 0));
			assert_status(rpc_decrypt_one(fixture, "old", sealed, &plain), EVW_OK);
			assert_bytes_equal(plain, values[j]);
			help_release(plain);
			assert_status(rpc_decrypt_one(fixture, "new", sealed, NULL), EVW_UNKNOWN_KEY);
		}
		e3_call_release(&call);
	}
}

/* Two requests share neither ephemeral key nor IV. */
static void
requests_do_not_share_keys(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes value = BYTES("same");
	EvwRequestHeader header = rpc_header_for("new");
	EvwEnvelope envelopes[2];
	EvwResult results[2];
	E3Call calls[2];

	for (int i = 0; i < 2; i++)
	{
		encrypt(fixture, &calls[i], &header, &value, 1, (EvwBytes){NULL, 0}, &results[i]);
		assert_status(evw_envelope_parse(results[i].values.bytes, &envelopes[i]), EVW_OK);
	}
	assert_memory_not_equal(envelopes[0].epk, envelopes[1].epk, EVW_POINT_LEN);
	assert_memory_not_equal(envelopes[0].iv, envelopes[1].iv, EVW_IV_LEN);
	e3_call_release(&calls[0]);
	e3_call_release(&calls[1]);
}

static int
compare_ivs(const void *a, const void *b)
{
	return memcmp(a, b, EVW_IV_LEN);
}

static void
many_values_never_share_an_iv(void **state)
{
	enum
	{
		COUNT = 70000
	};
	RpcFixture *fixture = *state;
	EvwBytes *values = calloc(COUNT, sizeof(EvwBytes));
	uint8_t *ivs = malloc((size_t) COUNT * EVW_IV_LEN);
	EvwRequestHeader header = rpc_header_for("new");
	EvwColumnCursor cursor;
	EvwResult result;
	E3Call call;

	for (int i = 0; i < COUNT; i++)
		values[i] = BYTES("v");
	encrypt(fixture, &call, &header, values, COUNT, (EvwBytes){NULL, 0}, &result);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < COUNT; i++)
	{
		EvwEnvelope envelope;

		assert_status(evw_envelope_parse(evw_column_next(&cursor), &envelope), EVW_OK);
		memcpy(ivs + (size_t) i * EVW_IV_LEN, envelope.iv, EVW_IV_LEN);
	}
	qsort(ivs, COUNT, EVW_IV_LEN, compare_ivs);
	for (size_t i = 1; i < COUNT; i++)
		assert_memory_not_equal(ivs + (i - 1) * EVW_IV_LEN, ivs + i * EVW_IV_LEN,
								EVW_IV_LEN);
	e3_call_release(&call);
	free(ivs);
	free(values);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_keeps_values_apart),
		cmocka_unit_test(the_newest_key_is_that_of_new_values),
		cmocka_unit_test(a_key_serves_as_many_values_as_asked),
		cmocka_unit_test(every_format_comes_back),
		cmocka_unit_test(requests_do_not_share_keys),
		cmocka_unit_test(many_values_never_share_an_iv),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
