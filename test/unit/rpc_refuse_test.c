/*
 * unit/rpc_refuse_test.c
 *	  What operations refuse, and what stops them.
 */
#include "rpc_help.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* What a request with this header and one value is answered. */
static EvwStatus
outcome_of(RpcFixture *fixture, EvwVerb verb, const EvwRequestHeader *header,
		   EvwBytes datatypes)
{
	const EvwBytes value = BYTES("x");
	EvwMessage message;
	E3Call call;
	EvwStatus status;

	rpc_make_call(&call, verb, header, &value, 1, datatypes);
	status = rpc_execute(fixture, &call, &message);
	assert_int_equal(call.done, 0);
	e3_call_release(&call);
	return status;
}

static void
refuses_what_it_cannot_do(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes none = {NULL, 0};
	EvwRequestHeader header = {0};

	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_BAD_HEADER);
	assert_status(outcome_of(fixture, EVW_VERB_DECRYPT, &header, none), EVW_BAD_HEADER);
	assert_status(outcome_of(fixture, EVW_VERB_KEYS, &header, none), EVW_BAD_HEADER);
	header = rpc_header_for("nobody");
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_UNKNOWN_APP);
	assert_status(outcome_of(fixture, EVW_VERB_DECRYPT, &header, none), EVW_UNKNOWN_APP);
	assert_status(outcome_of(fixture, EVW_VERB_KEYS, &header, none), EVW_UNKNOWN_APP);
	header = rpc_header_for("old");
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, BYTES("\3")),
				  EVW_BAD_COLUMNS);
	assert_status(outcome_of(fixture, EVW_VERB_DECRYPT, &header, BYTES("\0")),
				  EVW_UNSUPPORTED);
	assert_status(outcome_of(fixture, EVW_VERB_RELOAD, &header, none), EVW_NOT_ALLOWED);
}

/* A format belongs to a curve, and not every one can hold a role. */
static void
refuses_formats_that_it_does_not_make(void **state)
{
	static const struct
	{
		EvwCurve curve;
		const char *format;
		const char *role;
	} cases[] = {
		{EVW_CURVE_P256, "S0lS", ""},	   {EVW_CURVE_P256, "RFVC", ""},
		{EVW_CURVE_SECP256K1, "QkTC", ""}, {EVW_CURVE_SECP256K1, "Tk9D", ""},
		{EVW_CURVE_P256, "T1JL", ""},	   {EVW_CURVE_P256, "TENZ", ""},
		{EVW_CURVE_SECP256K1, "QlJV", ""}, {EVW_CURVE_P256, "RVZS", ""},
		{EVW_CURVE_SECP256K1, "RVZL", ""}, {EVW_CURVE_P256, "qktc", ""},
		{EVW_CURVE_P256, "Tk9D", "staff"}, {EVW_CURVE_SECP256K1, "RFVC", "staff"},
		{EVW_CURVE_SECP256K1, "BFSb", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		EvwRequestHeader header = rpc_header_for("old");

		header.curve = cases[i].curve;
		header.format = (EvwBytes){(const uint8_t *) cases[i].format, 4};
		header.role = (EvwBytes){(const uint8_t *) cases[i].role, strlen(cases[i].role)};
		assert_status(outcome_of(*state, EVW_VERB_ENCRYPT, &header, (EvwBytes){NULL, 0}),
					  EVW_UNSUPPORTED);
	}
}

/* Lengths are the worker's to check: the request is taken apart without. */
static void
lengths_must_add_up(void **state)
{
	RpcFixture *fixture = *state;
	const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT, EVW_VERB_ECHO};
	const EvwBytes value = BYTES("abc");
	EvwRequestHeader header = rpc_header_for("old");

	for (int i = 0; i < 3; i++)
	{
		EvwMessage message;
		E3Call call;

		rpc_make_call(&call, verbs[i], &header, &value, 1, (EvwBytes){NULL, 0});
		evw_put_le32((uint8_t *) call.request.values.lengths.data, 4);
		assert_status(rpc_execute(fixture, &call, &message), EVW_BAD_COLUMNS);
		e3_call_release(&call);
	}
}

/* At the limit and one beyond, without 64 MiB for every test machine's sake. */
static void
reply_that_would_not_fit_is_refused_first(void **state)
{
	RpcFixture *fixture = *state;
	const size_t overhead = EVW_ENVELOPE_MIN + 15;
	EvwRequestHeader header = rpc_header_for("old");
	uint32_t count = EVW_VALUES_MAX;
	EvwBytes *values = calloc(count, sizeof(EvwBytes));
	EvwMessage message;
	E3Call call;

	/* 2^20 empty values: their envelopes alone are longer than a frame. */
	assert_true((size_t) count * overhead > EVW_FRAME_MAX);
	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, values, count, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_REPLY_TOO_LONG);
	assert_int_equal(call.done, 0);
	e3_call_release(&call);
	free(values);
}

static void
cancelled_call_does_nothing_more(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes value = BYTES("x");
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	uint32_t done;
	E3Call call;

	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	atomic_store(&call.cancelled, true);
	assert_status(rpc_execute(fixture, &call, &message), EVW_CANCELLED);
	assert_status(evw_cancelled_decode(&message, &done), EVW_OK);
	assert_int_equal(done, 0);
	e3_call_release(&call);
}

static void
deadline_in_the_past_is_an_error(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes value = BYTES("x");
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	E3Call call;

	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	call.deadline_ns = e3_clock_ns() - 1;
	assert_status(rpc_execute(fixture, &call, &message), EVW_DEADLINE);
	e3_call_release(&call);
}

static void
empty_request_has_an_empty_result(void **state)
{
	RpcFixture *fixture = *state;
	const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT, EVW_VERB_ECHO};
	EvwRequestHeader header = rpc_header_for("old");

	for (int i = 0; i < 3; i++)
	{
		EvwMessage message;
		EvwResult result;
		E3Call call;

		rpc_make_call(&call, verbs[i], &header, NULL, 0, (EvwBytes){NULL, 0});
		assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
		assert_status(evw_result_decode(&message, &result), EVW_OK);
		assert_int_equal(evw_column_count(&result.values), 0);
		e3_call_release(&call);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_it_cannot_do),
		cmocka_unit_test(refuses_formats_that_it_does_not_make),
		cmocka_unit_test(lengths_must_add_up),
		cmocka_unit_test(reply_that_would_not_fit_is_refused_first),
		cmocka_unit_test(cancelled_call_does_nothing_more),
		cmocka_unit_test(deadline_in_the_past_is_an_error),
		cmocka_unit_test(empty_request_has_an_empty_result),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
