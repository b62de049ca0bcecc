/*
 * unit/rpc_slice_test.c
 *	  Requests in slices: the same replies, whatever a worker does in between.
 */
#include "rpc_help.h"

#include "base/secret.h"
#include "crypto/random.h"

#include <stdlib.h>
#include <string.h>

#define VALUES 700

/* Distinct, of lengths from 0 to 2 KiB. */
typedef struct Sample
{
	EvwBytes values[VALUES];
} Sample;

static uint8_t filler[2048];

static void
make_sample(Sample *sample)
{
	for (int i = 0; i < VALUES; i++)
		sample->values[i] = (EvwBytes){filler + i % 7, (size_t) (i * 37 % 2040)};
}

/* Another request that uses the worker's scratch. */
static void
encrypt_something_else(RpcFixture *fixture)
{
	EvwRequestHeader header = rpc_header_for("new");
	EvwBytes value = {filler, 3};
	E3Call call;

	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	while (!e3_rpc_run(&fixture->worker, &call))
		;
	assert_status(call.outcome, EVW_OK);
	e3_call_release(&call);
}

static void
run(RpcFixture *fixture, E3Call *call, EvwResult *result)
{
	EvwMessage message;

	assert_status(rpc_execute(fixture, call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, result), EVW_OK);
}

/* Encrypts and decrypts the sample with these settings; the ciphertexts' keys. */
static int
round_trip(RpcFixture *fixture, uint32_t values_per_key, int min_slices)
{
	EvwRequestHeader header = rpc_header_for("old");
	Sample sample;
	EvwBytes sealed[VALUES];
	E3Call encrypt;
	E3Call decrypt;
	EvwResult result;
	EvwColumnCursor cursor;
	int keys = 0;
	const uint8_t *last = NULL;

	make_sample(&sample);
	header.values_per_key = values_per_key;
	rpc_make_call(&encrypt, EVW_VERB_ENCRYPT, &header, sample.values, VALUES,
				  (EvwBytes){NULL, 0});
	run(fixture, &encrypt, &result);
	assert_true(fixture->slices >= min_slices);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < VALUES; i++)
	{
		EvwEnvelope envelope;

		sealed[i] = evw_column_next(&cursor);
		assert_status(evw_envelope_parse(sealed[i], &envelope), EVW_OK);
		keys += last == NULL || memcmp(last, envelope.epk, EVW_POINT_LEN) != 0;
		last = envelope.epk;
	}
	header.values_per_key = 0;
	rpc_make_call(&decrypt, EVW_VERB_DECRYPT, &header, sealed, VALUES,
				  (EvwBytes){NULL, 0});
	run(fixture, &decrypt, &result);
	assert_true(fixture->slices >= min_slices);
	assert_null(result.statuses.data);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < VALUES; i++)
	{
		EvwBytes opened = evw_column_next(&cursor);

		assert_int_equal(opened.len, sample.values[i].len);
		assert_memory_equal(opened.data, sample.values[i].data, opened.len);
	}
	e3_call_release(&encrypt);
	e3_call_release(&decrypt);
	return keys;
}

static void
one_slice_is_one_key(void **state)
{
	RpcFixture *fixture = *state;

	fixture->shared.slice_ns = 0;
	assert_int_equal(round_trip(fixture, 0, 1), 1);
	assert_int_equal(fixture->slices, 1);
}

/* A slice of no time ends at every look at the clock. */
static void
many_slices_are_one_key(void **state)
{
	RpcFixture *fixture = *state;

	fixture->shared.slice_ns = 1;
	assert_int_equal(round_trip(fixture, 0, 10), 1);
	fixture->between = encrypt_something_else;
	assert_int_equal(round_trip(fixture, 0, 10), 1);
	fixture->between = NULL;
	fixture->shared.slice_ns = 0;
}

static void
keys_are_for_so_many_values(void **state)
{
	RpcFixture *fixture = *state;

	for (uint64_t slice_ns = 0; slice_ns < 2; slice_ns++)
	{
		fixture->shared.slice_ns = slice_ns;
		assert_int_equal(round_trip(fixture, 100, 1), VALUES / 100);
		assert_int_equal(round_trip(fixture, VALUES, 1), 1);
		assert_int_equal(round_trip(fixture, VALUES - 1, 1), 2);
		assert_int_equal(round_trip(fixture, 1, 1), VALUES);
	}
	fixture->shared.slice_ns = 0;
}

/* A value of many pieces, in one slice and in many, among short ones. */
static void
long_values_come_in_pieces(void **state)
{
	static const size_t lengths[] = {E3_PIECE - 1, E3_PIECE, E3_PIECE + 1,
									 5 * E3_PIECE, 3,		 7 * E3_PIECE + 13};
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	uint8_t *bytes = malloc(8 * E3_PIECE);
	EvwBytes values[6];
	EvwBytes sealed[6];
	E3Call encrypt;
	E3Call decrypt;
	EvwResult result;
	EvwColumnCursor cursor;

	for (size_t i = 0; i < 8 * E3_PIECE; i++)
		bytes[i] = (uint8_t) (i * 7 + i / 251);
	for (int i = 0; i < 6; i++)
		values[i] = (EvwBytes){bytes + i, lengths[i]};
	for (uint32_t per_key = 0; per_key < 2; per_key++)
		for (uint64_t slice_ns = 0; slice_ns < 2; slice_ns++)
		{
			fixture->shared.slice_ns = slice_ns;
			fixture->between = encrypt_something_else;
			header.values_per_key = per_key;
			rpc_make_call(&encrypt, EVW_VERB_ENCRYPT, &header, values, 6,
						  (EvwBytes){NULL, 0});
			run(fixture, &encrypt, &result);
			evw_column_open(&cursor, &result.values);
			for (int i = 0; i < 6; i++)
				sealed[i] = help_exact(evw_column_next(&cursor));
			/* One that does not open fails alone, and after all its pieces. */
			((uint8_t *) sealed[3].data)[sealed[3].len - 1] ^= 1;
			rpc_make_call(&decrypt, EVW_VERB_DECRYPT, &header, sealed, 6,
						  (EvwBytes){NULL, 0});
			run(fixture, &decrypt, &result);
			assert_bytes_equal(result.statuses, BYTES("\0\0\0\1\0\0"));
			evw_column_open(&cursor, &result.values);
			for (int i = 0; i < 6; i++)
			{
				EvwBytes opened = evw_column_next(&cursor);

				if (i == 3)
					assert_int_equal(opened.len, 0);
				else
					assert_bytes_equal(opened, values[i]);
				help_release(sealed[i]);
			}
			e3_call_release(&encrypt);
			e3_call_release(&decrypt);
		}
	fixture->shared.slice_ns = 0;
	fixture->between = NULL;
	free(bytes);
}

/* Given up in the middle of a long value. */
static void
long_value_can_be_dropped(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	uint8_t *bytes = calloc(1, 4 * E3_PIECE);
	EvwBytes value = {bytes, 4 * E3_PIECE};
	EvwBytes sealed;
	EvwResult result;
	EvwColumnCursor cursor;
	E3Call call;

	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	run(fixture, &call, &result);
	evw_column_open(&cursor, &result.values);
	sealed = help_exact(evw_column_next(&cursor));
	e3_call_release(&call);
	fixture->shared.slice_ns = 1;
	for (int verb = 0; verb < 2; verb++)
	{
		rpc_make_call(&call, verb == 0 ? EVW_VERB_ENCRYPT : EVW_VERB_DECRYPT, &header,
					  verb == 0 ? &value : &sealed, 1, (EvwBytes){NULL, 0});
		for (int i = 0; i < 3; i++)
			assert_false(e3_rpc_run(&fixture->worker, &call));
		e3_call_fail(&call, EVW_CANCELLED);
		assert_int_equal(call.done, 0);
		e3_call_release(&call);
	}
	fixture->shared.slice_ns = 0;
	help_release(sealed);
	free(bytes);
}

/* Begun and then given up: nothing is left behind. */
static void
what_has_begun_can_be_dropped(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	Sample sample;
	E3Call call;

	make_sample(&sample);
	fixture->shared.slice_ns = 1;
	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, sample.values, VALUES,
				  (EvwBytes){NULL, 0});
	assert_false(e3_rpc_run(&fixture->worker, &call));
	assert_true(call.done < VALUES);
	e3_call_release(&call);

	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, sample.values, VALUES,
				  (EvwBytes){NULL, 0});
	assert_false(e3_rpc_run(&fixture->worker, &call));
	e3_call_fail(&call, EVW_CANCELLED);
	assert_status(call.outcome, EVW_CANCELLED);
	e3_call_release(&call);
	fixture->shared.slice_ns = 0;
}

static void
cancel_is_seen_between_slices(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	Sample sample;
	E3Call call;
	uint32_t done;

	make_sample(&sample);
	fixture->shared.slice_ns = 1;
	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, sample.values, VALUES,
				  (EvwBytes){NULL, 0});
	assert_false(e3_rpc_run(&fixture->worker, &call));
	done = call.done;
	atomic_store(&call.cancelled, true);
	assert_true(e3_rpc_run(&fixture->worker, &call));
	assert_status(call.outcome, EVW_CANCELLED);
	assert_int_equal(call.done, done);
	e3_call_release(&call);
	fixture->shared.slice_ns = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_slice_is_one_key),
		cmocka_unit_test(many_slices_are_one_key),
		cmocka_unit_test(keys_are_for_so_many_values),
		cmocka_unit_test(long_values_come_in_pieces),
		cmocka_unit_test(long_value_can_be_dropped),
		cmocka_unit_test(what_has_begun_can_be_dropped),
		cmocka_unit_test(cancel_is_seen_between_slices),
	};

	for (size_t i = 0; i < sizeof(filler); i++)
		filler[i] = (uint8_t) (i * 31);
	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
