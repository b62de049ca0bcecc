/*
 * unit/rpc_blind_index_test.c
 *	  BLIND_INDEX: foreign vectors, every index key, limits, slices.
 */
#include "rpc_help.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define NONE ((EvwBytes){NULL, 0})

static EvwBytes
text(const char *words)
{
	return (EvwBytes){(const uint8_t *) words, strlen(words)};
}

/* E3 serves a keyring whose app has index keys of these numbers and lengths. */
static void
serve(RpcFixture *fixture, const char *app, uint32_t n, const E3IndexKey *indexes)
{
	E3Keyring *keyring = e3_keyring_new();
	const E3KeyVersion version = {.version = 1,
								  .pairs = {e3_key_pair_generate(EVW_CURVE_P256),
											e3_key_pair_generate(EVW_CURVE_SECP256K1)}};

	assert_status(e3_keyring_add(keyring, text(app), &version), EVW_OK);
	for (uint32_t i = 0; i < n; i++)
		assert_status(e3_keyring_add_index(keyring, text(app), &indexes[i]), EVW_OK);
	e3_keyring_swap(fixture->shared.keyring, keyring);
}

static E3IndexKey
index_of(uint32_t number, uint32_t bytes, const char *hex)
{
	E3IndexKey index = {.version = number,
						.bytes = bytes,
						.secret = e3_secret_alloc(E3_INDEX_SECRET_LEN)};

	assert_non_null(index.secret);
	help_hex_to(hex, index.secret, E3_INDEX_SECRET_LEN);
	return index;
}

#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void
serve_three(RpcFixture *fixture)
{
	const E3IndexKey indexes[] = {index_of(1, 8, SECRET), index_of(2, 32, SECRET),
								  index_of(3, 16, SECRET)};

	serve(fixture, "old", 3, indexes);
}

/* The whole column of results, for help_release. */
static EvwBytes
indexes_of(RpcFixture *fixture, bool all, const EvwBytes *values,
		   const EvwBytes *contexts, uint32_t count)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	EvwBytes bytes;
	E3Call call;

	header.all = all;
	rpc_make_bound_call(&call, EVW_VERB_BLIND_INDEX, &header, values, count, NONE,
						contexts, count);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_null(result.statuses.data);
	assert_int_equal(evw_column_count(&result.values), count);
	bytes = help_exact(result.values.bytes);
	e3_call_release(&call);
	return bytes;
}

static EvwStatus
status_of(RpcFixture *fixture, const EvwRequestHeader *header, EvwBytes value,
		  const EvwBytes *context)
{
	EvwMessage message;
	EvwStatus status;
	E3Call call;

	rpc_make_bound_call(&call, EVW_VERB_BLIND_INDEX, header, &value, 1, NONE, context, 1);
	status = rpc_execute(fixture, &call, &message);
	e3_call_release(&call);
	return status;
}

/* The vector's text, as often as it says. */
static EvwBytes
repeated(const json_t *vector, const char *field)
{
	const char *once = json_string_value(json_object_get(vector, field));
	size_t times = (size_t) json_integer_value(json_object_get(vector, "times"));
	size_t len = once != NULL ? strlen(once) : 0;
	uint8_t *all = malloc(len * times + 1);

	assert_non_null(all);
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * len, once, len);
	return (EvwBytes){all, len * times};
}

static void
check_vector(RpcFixture *fixture, const json_t *vector)
{
	const char *app = help_field(vector, "app");
	const E3IndexKey index =
		index_of((uint32_t) json_integer_value(json_object_get(vector, "number")),
				 (uint32_t) json_integer_value(json_object_get(vector, "bytes")),
				 help_field(vector, "secret"));
	bool bound = json_is_string(json_object_get(vector, "context"));
	EvwRequestHeader header = rpc_header_for(app);
	EvwBytes value = repeated(vector, "value");
	EvwBytes context = bound ? repeated(vector, "context") : (EvwBytes){NULL, 0};
	EvwBytes shall = help_unhex(help_field(vector, "index"));
	EvwMessage message;
	EvwResult result;
	E3Call call;

	serve(fixture, app, 1, &index);
	rpc_make_bound_call(&call, EVW_VERB_BLIND_INDEX, &header, &value, 1, NONE,
						bound ? &context : NULL, 1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_bytes_equal(result.values.bytes, shall);
	assert_int_equal(result.header.key_version, index.version);
	e3_call_release(&call);
	help_release(shall);
	free((void *) value.data);
	free((void *) context.data);
}

static void
indexes_are_what_another_made(void **state)
{
	RpcFixture *fixture = *state;
	json_t *vectors = help_vectors("indexes.json");
	size_t i;
	json_t *vector;

	assert_true(json_array_size(vectors) >= 9);
	/* With slices of no time, a long value is left and gone on with. */
	for (uint64_t slice_ns = 0; slice_ns <= 1; slice_ns++)
	{
		fixture->shared.slice_ns = slice_ns;
		json_array_foreach(vectors, i, vector)
		{
			check_vector(fixture, vector);
		}
	}
	fixture->shared.slice_ns = 0;
	json_decref(vectors);
}

/* One result a value, each index with its length before it, newest first. */
static void
all_is_one_for_each_key(void **state)
{
	static const uint32_t lengths[] = {16, 32, 8};
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("alice"), BYTES(""), BYTES("bob")};
	EvwBytes all;
	EvwBytes newest;
	const uint8_t *at;

	serve_three(fixture);
	all = indexes_of(fixture, true, values, NULL, 3);
	newest = indexes_of(fixture, false, values, NULL, 3);
	assert_int_equal(all.len, 3 * (3 + 16 + 32 + 8));
	assert_int_equal(newest.len, 3 * 16);
	at = all.data;
	for (uint32_t i = 0; i < 3; i++)
	{
		assert_memory_equal(at + 1, newest.data + (size_t) 16 * i, 16);
		for (int k = 0; k < 3; k++)
		{
			assert_int_equal(*at, lengths[k]);
			at += 1 + *at;
		}
	}
	/* Keys of one secret have nothing in common. */
	assert_memory_not_equal(all.data + 1, all.data + 1 + 16 + 1, 8);
	help_release(all);
	help_release(newest);
}

/* Where value and context meet is not for whoever chooses them to move. */
static void
no_two_pairs_have_one_index(void **state)
{
	RpcFixture *fixture = *state;
	const EvwBytes values[] = {BYTES("bc"), BYTES("c"), BYTES("abc"), BYTES(""),
							   BYTES("\0\0\0\1abc")};
	const EvwBytes contexts[] = {BYTES("a"), BYTES("ab"), BYTES(""), BYTES("abc"),
								 BYTES("")};
	const EvwBytes plain[] = {BYTES("bc"), BYTES("abc"), BYTES("\1\0\0\0\1abc")};
	uint8_t seen[8][16];
	EvwBytes bound;
	EvwBytes unbound;

	serve_three(fixture);
	bound = indexes_of(fixture, false, values, contexts, 5);
	unbound = indexes_of(fixture, false, plain, NULL, 3);
	memcpy(seen, bound.data, (size_t) 5 * 16);
	memcpy(seen + 5, unbound.data, (size_t) 3 * 16);
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 16);
	help_release(bound);
	help_release(unbound);
}

static void
one_context_may_be_that_of_all(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes values[] = {BYTES("a"), BYTES("b"), BYTES("a")};
	const EvwBytes contexts[] = {BYTES("c"), BYTES("c"), BYTES("c")};
	EvwMessage message;
	EvwResult result;
	EvwBytes each;
	E3Call call;

	serve_three(fixture);
	each = indexes_of(fixture, false, values, contexts, 3);
	rpc_make_bound_call(&call, EVW_VERB_BLIND_INDEX, &header, values, 3, NONE, contexts,
						1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_bytes_equal(result.values.bytes, each);
	assert_memory_equal(each.data, each.data + (size_t) 2 * 16, 16);
	e3_call_release(&call);
	help_release(each);
}

static void
refused_by_name(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes filler = {calloc(1, EVW_CONTEXT_MAX + 1), EVW_CONTEXT_MAX};
	const EvwBytes longer = {filler.data, EVW_CONTEXT_MAX + 1};
	const EvwBytes value = BYTES("x");
	const uint8_t string = 0;
	EvwMessage message;
	E3Call call;

	serve(fixture, "old", 0, NULL);
	assert_status(status_of(fixture, &header, value, NULL), EVW_NO_INDEX_KEY);
	header.all = true;
	assert_status(status_of(fixture, &header, value, NULL), EVW_NO_INDEX_KEY);
	serve_three(fixture);
	assert_status(status_of(fixture, &header, value, &filler), EVW_OK);
	assert_status(status_of(fixture, &header, value, &longer), EVW_CONTEXT_TOO_LONG);
	header = rpc_header_for("nobody");
	assert_status(status_of(fixture, &header, value, NULL), EVW_UNKNOWN_APP);
	header = (EvwRequestHeader){0};
	assert_status(status_of(fixture, &header, value, NULL), EVW_BAD_HEADER);
	header = rpc_header_for("old");
	rpc_make_call(&call, EVW_VERB_BLIND_INDEX, &header, &value, 1,
				  (EvwBytes){&string, 1});
	assert_status(rpc_execute(fixture, &call, &message), EVW_UNSUPPORTED);
	e3_call_release(&call);
	free((void *) filler.data);
}

#define VALUES 5000

/* Somebody else's turn, with the same worker. */
static void
index_something_else(RpcFixture *fixture)
{
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes value = BYTES("else");
	E3Call call;

	rpc_make_call(&call, EVW_VERB_BLIND_INDEX, &header, &value, 1, NONE);
	while (!e3_rpc_run(&fixture->worker, &call))
		;
	assert_status(call.outcome, EVW_OK);
	e3_call_release(&call);
}

static void
slices_change_nothing(void **state)
{
	static uint8_t digits[VALUES][4];
	static EvwBytes values[VALUES];
	RpcFixture *fixture = *state;
	EvwBytes once;
	EvwBytes sliced;

	serve_three(fixture);
	for (uint32_t i = 0; i < VALUES; i++)
	{
		evw_put_be32(digits[i], i);
		values[i] = (EvwBytes){digits[i], 4};
	}
	once = indexes_of(fixture, true, values, NULL, VALUES);
	assert_int_equal(fixture->slices, 1);
	fixture->shared.slice_ns = 1;
	fixture->between = index_something_else;
	sliced = indexes_of(fixture, true, values, NULL, VALUES);
	assert_true(fixture->slices > 10);
	fixture->shared.slice_ns = 0;
	fixture->between = NULL;
	assert_bytes_equal(sliced, once);
	help_release(once);
	help_release(sliced);
	once = indexes_of(fixture, true, values, NULL, 0);
	assert_int_equal(once.len, 0);
	help_release(once);
}

static void
a_cancelled_request_ends(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes value = BYTES("x");
	EvwMessage message;
	E3Call call;

	serve_three(fixture);
	rpc_make_call(&call, EVW_VERB_BLIND_INDEX, &header, &value, 1, NONE);
	atomic_store(&call.cancelled, true);
	assert_status(rpc_execute(fixture, &call, &message), EVW_CANCELLED);
	e3_call_release(&call);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indexes_are_what_another_made),
		cmocka_unit_test(all_is_one_for_each_key),
		cmocka_unit_test(no_two_pairs_have_one_index),
		cmocka_unit_test(one_context_may_be_that_of_all),
		cmocka_unit_test(refused_by_name),
		cmocka_unit_test(slices_change_nothing),
		cmocka_unit_test(a_cancelled_request_ends),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
