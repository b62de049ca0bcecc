/*
 * unit/rpc_context_test.c
 *	  Values that are bound to a context: made, opened, and refused.
 */
#include "rpc_help.h"

#include <stdlib.h>
#include <string.h>

#define NONE ((EvwBytes){NULL, 0})

static EvwBytes
bytes_of(const char *text)
{
	return (EvwBytes){(const uint8_t *) text, strlen(text)};
}

/* Vectors that were made elsewhere. */
static void
opens_with_its_context_alone(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;
	int bound = 0;

	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		EvwBytes other = BYTES("patients.ssn ");
		EvwBytes plain;

		if (!json_is_string(json_object_get(vector, "context")))
			assert_status(rpc_decrypt_bound(fixture, "old", envelope, &other, NULL),
						  EVW_CONTEXT_UNEXPECTED);
		else
		{
			EvwBytes context = bytes_of(help_field(vector, "context"));

			assert_status(rpc_decrypt_bound(fixture, "old", envelope, &context, &plain),
						  EVW_OK);
			assert_bytes_equal(plain, bytes_of(help_field(vector, "text")));
			help_release(plain);
			assert_status(rpc_decrypt_bound(fixture, "old", envelope, &other, NULL),
						  EVW_DOES_NOT_OPEN);
			assert_status(rpc_decrypt_bound(fixture, "new", envelope, &context, NULL),
						  EVW_DOES_NOT_OPEN);
			assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL),
						  EVW_CONTEXT_MISSING);
			bound++;
		}
		help_release(envelope);
	}
	assert_int_equal(bound, 3);
}

/* One value; its envelope is for help_release. */
static EvwBytes
encrypt_one(RpcFixture *fixture, EvwCurve curve, EvwBytes value, EvwBytes context)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	EvwBytes envelope;
	E3Call call;

	header.curve = curve;
	rpc_make_bound_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, NONE, &context, 1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	envelope = help_exact(result.values.bytes);
	e3_call_release(&call);
	return envelope;
}

static void
makes_the_version_of_the_curve(void **state)
{
	static const EvwTag tags[] = {EVW_TAG_RVZS, EVW_TAG_RVZL};

	for (int curve = 0; curve < 2; curve++)
	{
		EvwBytes context = BYTES("");
		EvwBytes envelope =
			encrypt_one(*state, (EvwCurve) curve, BYTES("plain"), context);
		EvwBytes plain;

		assert_int_equal(envelope.data[0], tags[curve]);
		assert_status(rpc_decrypt_bound(*state, "old", envelope, &context, &plain),
					  EVW_OK);
		assert_bytes_equal(plain, BYTES("plain"));
		help_release(plain);
		help_release(envelope);
	}
}

/* Together, alone, and one for all: it does not matter how contexts are given. */
static void
one_context_stands_for_all(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("a"), BYTES(""), BYTES("b"), BYTES("a")};
	const EvwBytes contexts[] = {BYTES("c"), BYTES("c"), BYTES("c"), BYTES("c")};
	EvwRequestHeader header = rpc_header_for("old");
	EvwBytes envelopes[4];
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	E3Call encrypt;
	E3Call decrypt;

	rpc_make_bound_call(&encrypt, EVW_VERB_ENCRYPT, &header, values, 4, NONE, contexts,
						1);
	assert_status(rpc_execute(fixture, &encrypt, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < 4; i++)
	{
		envelopes[i] = evw_column_next(&cursor);
		assert_status(rpc_decrypt_bound(fixture, "old", envelopes[i], contexts, NULL),
					  EVW_OK);
	}
	for (uint32_t n = 1; n <= 4; n += 3)
	{
		rpc_make_bound_call(&decrypt, EVW_VERB_DECRYPT, &header, envelopes, 4, NONE,
							contexts, n);
		assert_status(rpc_execute(fixture, &decrypt, &message), EVW_OK);
		assert_status(evw_result_decode(&message, &result), EVW_OK);
		assert_null(result.statuses.data);
		assert_bytes_equal(result.values.bytes, BYTES("aba"));
		e3_call_release(&decrypt);
	}
	e3_call_release(&encrypt);
}

/* What is remembered of a context for the next value is all of it. */
static void
one_beginning_is_not_one_context(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("a"), BYTES("b"), BYTES("c")};
	const EvwBytes contexts[] = {BYTES("12"), BYTES("123"), BYTES("1")};
	EvwRequestHeader header = rpc_header_for("old");
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	E3Call call;

	rpc_make_bound_call(&call, EVW_VERB_ENCRYPT, &header, values, 3, NONE, contexts, 3);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < 3; i++)
	{
		EvwBytes envelope = evw_column_next(&cursor);

		for (int j = 0; j < 3; j++)
			assert_status(rpc_decrypt_bound(fixture, "old", envelope, &contexts[j], NULL),
						  i == j ? EVW_OK : EVW_DOES_NOT_OPEN);
	}
	e3_call_release(&call);
}

/* Each value has its own, and the neighbour's does not do. */
static void
contexts_are_not_exchanged(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("a"), BYTES("b"), BYTES("c")};
	const EvwBytes contexts[] = {BYTES("1"), BYTES("2"), BYTES("3")};
	const EvwBytes swapped[] = {BYTES("2"), BYTES("1"), BYTES("3")};
	EvwRequestHeader header = rpc_header_for("old");
	EvwBytes envelopes[3];
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	E3Call encrypt;
	E3Call decrypt;

	rpc_make_bound_call(&encrypt, EVW_VERB_ENCRYPT, &header, values, 3, NONE, contexts,
						3);
	assert_status(rpc_execute(fixture, &encrypt, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < 3; i++)
		envelopes[i] = evw_column_next(&cursor);
	rpc_make_bound_call(&decrypt, EVW_VERB_DECRYPT, &header, envelopes, 3, NONE, swapped,
						3);
	assert_status(rpc_execute(fixture, &decrypt, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_bytes_equal(result.statuses, BYTES("\1\1\0"));
	assert_bytes_equal(result.values.bytes, BYTES("c"));
	e3_call_release(&decrypt);
	e3_call_release(&encrypt);
}

/* A long value, which goes through a stream, is bound as well. */
static void
long_values_are_bound(void **state)
{
	uint8_t *filler = calloc(1, 200000);
	EvwBytes context = BYTES("row 1");
	EvwBytes other = BYTES("row 2");
	EvwBytes envelope =
		encrypt_one(*state, EVW_CURVE_P256, (EvwBytes){filler, 200000}, context);
	EvwBytes plain;

	assert_status(rpc_decrypt_bound(*state, "old", envelope, &context, &plain), EVW_OK);
	assert_bytes_equal(plain, (EvwBytes){filler, 200000});
	assert_status(rpc_decrypt_bound(*state, "old", envelope, &other, NULL),
				  EVW_DOES_NOT_OPEN);
	assert_status(rpc_decrypt_one(*state, "old", envelope, NULL), EVW_CONTEXT_MISSING);
	help_release(plain);
	help_release(envelope);
	free(filler);
}

static EvwStatus
outcome_of(RpcFixture *fixture, EvwVerb verb, const EvwRequestHeader *header,
		   EvwBytes context)
{
	const EvwBytes value = BYTES("value");
	EvwMessage message;
	E3Call call;
	EvwStatus status;

	rpc_make_bound_call(&call, verb, header, &value, 1, NONE, &context, 1);
	status = rpc_execute(fixture, &call, &message);
	e3_call_release(&call);
	return status;
}

static void
length_is_limited(void **state)
{
	static const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT};
	EvwRequestHeader header = rpc_header_for("old");
	uint8_t *filler = calloc(1, EVW_CONTEXT_MAX + 1);

	for (int i = 0; i < 2; i++)
	{
		assert_status(outcome_of(*state, verbs[i], &header,
								 (EvwBytes){filler, EVW_CONTEXT_MAX}),
					  EVW_OK);
		assert_status(outcome_of(*state, verbs[i], &header,
								 (EvwBytes){filler, EVW_CONTEXT_MAX + 1}),
					  EVW_CONTEXT_TOO_LONG);
	}
	free(filler);
}

static void
lengths_must_add_up(void **state)
{
	static const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT};
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes value = BYTES("value");
	const EvwBytes context = BYTES("context");

	for (int i = 0; i < 2; i++)
	{
		EvwMessage message;
		E3Call call;

		rpc_make_bound_call(&call, verbs[i], &header, &value, 1, NONE, &context, 1);
		evw_put_le32((uint8_t *) call.request.contexts.lengths.data, 8);
		assert_status(rpc_execute(*state, &call, &message), EVW_BAD_COLUMNS);
		e3_call_release(&call);
	}
}

/* What is bound has one format a curve. */
static void
formats_without_a_context_are_refused(void **state)
{
	static const struct
	{
		EvwCurve curve;
		const char *format;
		EvwStatus status;
	} cases[] = {
		{EVW_CURVE_P256, "RVZS", EVW_OK},
		{EVW_CURVE_SECP256K1, "RVZL", EVW_OK},
		{EVW_CURVE_P256, "RVZL", EVW_UNSUPPORTED},
		{EVW_CURVE_SECP256K1, "RVZS", EVW_UNSUPPORTED},
		{EVW_CURVE_P256, "QkTC", EVW_UNSUPPORTED},
		{EVW_CURVE_P256, "Tk9D", EVW_UNSUPPORTED},
		{EVW_CURVE_SECP256K1, "S0lS", EVW_UNSUPPORTED},
		{EVW_CURVE_SECP256K1, "RFVC", EVW_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		EvwRequestHeader header = rpc_header_for("old");

		header.curve = cases[i].curve;
		header.format = bytes_of(cases[i].format);
		assert_status(outcome_of(*state, EVW_VERB_ENCRYPT, &header, BYTES("c")),
					  cases[i].status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_with_its_context_alone),
		cmocka_unit_test(makes_the_version_of_the_curve),
		cmocka_unit_test(one_context_stands_for_all),
		cmocka_unit_test(one_beginning_is_not_one_context),
		cmocka_unit_test(contexts_are_not_exchanged),
		cmocka_unit_test(long_values_are_bound),
		cmocka_unit_test(length_is_limited),
		cmocka_unit_test(lengths_must_add_up),
		cmocka_unit_test(formats_without_a_context_are_refused),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
