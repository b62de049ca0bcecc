/*
 * unit/rpc_run_test.c
 *	  Values that are worked on together: whatever stands next to a value, its outcome
 *	  is that of a request of its own.
 */
#include "rpc_help.h"

#include "crypto/scratch_private.h"

#include <stdlib.h>
#include <string.h>

#define VALUES 400
#define REQUESTS 12
#define SEED_DEFAULT 20261122

static uint8_t filler[70000];

static uint32_t
below(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

/* Lengths at which runs end, and others; now and then a long one. */
static size_t
any_length(uint32_t *seed)
{
	static const size_t lengths[] = {0, 1, 31, 8191, 8192, 8193, 65536, 65537};

	return below(seed, 8) == 0 ? lengths[below(seed, 8)] : below(seed, 300);
}

/* Few, so that neighbours often share one; one is too long to be compared. */
static EvwBytes
any_context(uint32_t *seed)
{
	static const size_t lengths[] = {0, 5, 256, 257, 40000};

	return (EvwBytes){filler, lengths[below(seed, 5)]};
}

/* Ciphertexts of several requests, which the caller frees with their calls. */
typedef struct Pile
{
	bool bound;
	E3Call calls[REQUESTS];
	uint8_t *bytes[VALUES];
	EvwBytes values[VALUES];
	EvwBytes contexts[VALUES];
} Pile;

static EvwColumnCursor
encrypt(RpcFixture *fixture, E3Call *call, uint32_t count, uint32_t *seed,
		const EvwBytes *contexts)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwBytes *values = calloc(count, sizeof(EvwBytes));
	uint8_t *datatypes = malloc(count);
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;

	header.curve = (EvwCurve) below(seed, 2);
	header.values_per_key = below(seed, 3) == 0 ? 1 + below(seed, 40) : 0;
	for (uint32_t i = 0; i < count; i++)
	{
		values[i] = (EvwBytes){filler, any_length(seed)};
		datatypes[i] = (uint8_t) (below(seed, 10) == 0 ? below(seed, 3) : 0);
	}
	rpc_make_bound_call(call, EVW_VERB_ENCRYPT, &header, values, count,
						(EvwBytes){datatypes, count}, contexts, count);
	assert_status(rpc_execute(fixture, call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_int_equal(evw_column_count(&result.values), count);
	evw_column_open(&cursor, &result.values);
	free(values);
	free(datatypes);
	return cursor;
}

/* Makes a value one that does not open, or that is no ciphertext, in some way. */
static void
spoil(EvwBytes *value, uint32_t *seed)
{
	uint8_t *bytes = (uint8_t *) value->data;

	switch (below(seed, 4))
	{
		case 0:
			value->len = below(seed, (uint32_t) value->len);
			break;
		case 1:
			memset(bytes + 2, 0, EVW_HINT_LEN);
			break;
		default:
			bytes[below(seed, (uint32_t) value->len)] ^= (uint8_t) (1 << below(seed, 8));
	}
}

static void
make_pile(RpcFixture *fixture, Pile *pile, uint32_t *seed)
{
	uint32_t made = 0;

	for (int i = 0; i < VALUES; i++)
		pile->contexts[i] =
			i > 0 && below(seed, 4) > 0 ? pile->contexts[i - 1] : any_context(seed);
	for (int i = 0; i < REQUESTS; i++)
	{
		uint32_t count =
			i + 1 < REQUESTS ? 1 + below(seed, 2 * VALUES / REQUESTS) : VALUES;
		EvwColumnCursor cursor;

		count = count < VALUES - made ? count : VALUES - made;
		e3_call_init(&pile->calls[i]);
		if (count == 0)
			continue;
		/* Some requests are of the other kind. */
		cursor = encrypt(fixture, &pile->calls[i], count, seed,
						 pile->bound != (i == 1) ? pile->contexts + made : NULL);
		for (uint32_t end = made + count; made < end; made++)
			pile->values[made] = help_exact(evw_column_next(&cursor));
	}
	/* Some change places, and some are spoilt. */
	for (int i = 0; i < VALUES / 8; i++)
	{
		uint32_t a = below(seed, VALUES);
		uint32_t b = below(seed, VALUES);
		EvwBytes value = pile->values[a];

		pile->values[a] = pile->values[b];
		pile->values[b] = value;
		/* With their contexts, as a rule. */
		if (i % 3 == 0)
			continue;
		value = pile->contexts[a];
		pile->contexts[a] = pile->contexts[b];
		pile->contexts[b] = value;
	}
	for (int i = 0; i < VALUES; i++)
		pile->bytes[i] = (uint8_t *) pile->values[i].data;
	for (int i = 0; i < VALUES / 16; i++)
		spoil(&pile->values[below(seed, VALUES)], seed);
}

static void
free_pile(Pile *pile)
{
	for (int i = 0; i < VALUES; i++)
		free(pile->bytes[i]);
	for (int i = 0; i < REQUESTS; i++)
		e3_call_release(&pile->calls[i]);
}

/* Opens all of them together and each alone; how many opened. */
static int
expect_alike(RpcFixture *fixture, const Pile *pile)
{
	EvwRequestHeader header = rpc_header_for("old");
	EvwColumnCursor cursor;
	EvwMessage message;
	EvwResult result;
	E3Call call;
	int opened = 0;

	rpc_make_bound_call(&call, EVW_VERB_DECRYPT, &header, pile->values, VALUES,
						(EvwBytes){NULL, 0}, pile->bound ? pile->contexts : NULL, VALUES);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_int_equal(evw_column_count(&result.values), VALUES);
	evw_column_open(&cursor, &result.values);
	for (uint32_t i = 0; i < VALUES; i++)
	{
		EvwBytes together = evw_column_next(&cursor);
		EvwBytes alone = {NULL, 0};

		assert_status(rpc_decrypt_bound(fixture, "old", pile->values[i],
										pile->bound ? &pile->contexts[i] : NULL, &alone),
					  rpc_status_of(&result, i));
		assert_int_equal(together.len, alone.len);
		if (alone.len > 0)
			assert_memory_equal(together.data, alone.data, alone.len);
		opened += rpc_status_of(&result, i) == EVW_OK;
		help_release(alone);
	}
	e3_call_release(&call);
	return opened;
}

/* Each pile is opened so many times. */
static void
compare_piles(RpcFixture *fixture, int rounds, int times, bool bound)
{
	const char *wish = getenv("EVCRYPT_SEED");
	uint32_t seed = wish != NULL ? (uint32_t) strtoul(wish, NULL, 10) : SEED_DEFAULT;

	print_message("EVCRYPT_SEED=%u\n", seed);
	for (size_t i = 0; i < sizeof(filler); i++)
		filler[i] = (uint8_t) (i % 251);
	for (int round = 0; round < rounds; round++)
	{
		static Pile pile;
		int opened = 0;

		pile.bound = bound;
		make_pile(fixture, &pile, &seed);
		for (int i = 0; i < times; i++)
			opened = expect_alike(fixture, &pile);
		assert_true(opened > VALUES / 2);
		assert_true(opened < VALUES);
		free_pile(&pile);
	}
}

static void
neighbours_do_not_matter(void **state)
{
	compare_piles(*state, 12, 1, false);
	compare_piles(*state, 12, 1, true);
}

static void
keys_agreed_upon_ahead_do_not_matter(void **state)
{
	RpcFixture *fixture = *state;
	E3Scratch *scratch = fixture->worker.scratch;
	const E3AgreeBackend *backends[E3_CURVES];
	E3AgreeBackend several[E3_CURVES];
	E3DerivedKeys *derived = fixture->shared.derived;

	/* As if the library did so many at once; and no cache, so that each counts. */
	for (int i = 0; i < E3_CURVES; i++)
	{
		backends[i] = scratch->agree[i];
		several[i] = *backends[i];
		several[i].at_once = i == 0 ? 8 : 3;
		scratch->agree[i] = &several[i];
	}
	fixture->shared.derived = e3_derived_new(0, 0, 0);
	compare_piles(fixture, 6, 1, false);
	compare_piles(fixture, 3, 1, true);
	fixture->shared.slice_ns = 1;
	compare_piles(fixture, 6, 1, false);
	compare_piles(fixture, 3, 1, true);
	fixture->shared.slice_ns = 0;
	e3_derived_free(fixture->shared.derived);
	fixture->shared.derived = derived;
	for (int i = 0; i < E3_CURVES; i++)
		scratch->agree[i] = backends[i];
}

static const E3AeadBackend *counted;
static int n_counted;

static void
count_and_unseal(void *context, const void *schedule, EvwBytes aad, E3AeadItem *item)
{
	n_counted++;
	counted->unseal_under(context, schedule, aad, item);
}

/* Keys that are in the cache with their schedules, without, and not at all. */
static void
keys_in_the_cache_do_not_matter(void **state)
{
	RpcFixture *fixture = *state;
	E3Scratch *scratch = fixture->worker.scratch;
	E3DerivedKeys *derived = fixture->shared.derived;
	static E3AeadBackend counting; /* outlives a test that fails */
	static const uint32_t sizes[][2] = {{500, 500}, {500, 20}, {100, 100}, {500, 0}};

	counting = *scratch->aead;
	if (counting.schedule_len == 0)
	{
		print_message("SKIP: this library's key schedules cannot be kept\n");
		skip();
	}
	counted = scratch->aead;
	counting.unseal_under = count_and_unseal;
	scratch->aead = &counting;
	for (int i = 0; i < 4; i++)
	{
		fixture->shared.derived =
			e3_derived_new(sizes[i][0], sizes[i][1], counting.schedule_len);
		assert_non_null(fixture->shared.derived);
		n_counted = 0;
		compare_piles(fixture, 4, 3, false);
		assert_true(sizes[i][1] > 0 ? n_counted > VALUES / 4 : n_counted == 0);
		fixture->shared.slice_ns = i == 0;
		compare_piles(fixture, 2, 2, true);
		fixture->shared.slice_ns = 0;
		e3_derived_free(fixture->shared.derived);
	}
	fixture->shared.derived = derived;
	scratch->aead = counted;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_do_not_matter),
		cmocka_unit_test(keys_agreed_upon_ahead_do_not_matter),
		cmocka_unit_test(keys_in_the_cache_do_not_matter),
	};

	return help_run_with_aeads(tests, rpc_set_up, rpc_tear_down);
}
