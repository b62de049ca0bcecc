/*
 * unit/keyring_test.c
 *	  The snapshot: order, look-up, limits; and its swap under readers.
 */
#include "e3_help.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "keyring/keyring.h"

static EvwBytes
text(const char *name)
{
	return (EvwBytes){(const uint8_t *) name, strlen(name)};
}

/* Keys play no part in order and limits. */
static EvwStatus
add_empty(E3Keyring *keyring, const char *name, uint32_t version)
{
	const E3KeyVersion empty = {.version = version};

	return e3_keyring_add(keyring, text(name), &empty);
}

static E3KeyVersion
make_version(uint32_t number)
{
	E3KeyVersion version = {.version = number, .created_us = 1000 + number};

	version.pairs[EVW_CURVE_P256] = e3_key_pair_generate(EVW_CURVE_P256);
	version.pairs[EVW_CURVE_SECP256K1] = e3_key_pair_generate(EVW_CURVE_SECP256K1);
	assert_non_null(version.pairs[EVW_CURVE_P256]);
	assert_non_null(version.pairs[EVW_CURVE_SECP256K1]);
	return version;
}

static void
apps_are_found_by_name(void **state)
{
	static const char *const names[] = {"m",  "b",	 "z",	"a", "mm",
										"ab", "a-b", "a_b", "0"};
	const uint32_t count = sizeof(names) / sizeof(names[0]);
	E3Keyring *keyring = e3_keyring_new();

	(void) state;
	assert_int_equal(e3_keyring_count(keyring), 0);
	assert_null(e3_keyring_find(keyring, text("a")));
	for (uint32_t i = 0; i < count; i++)
		assert_status(add_empty(keyring, names[i], 1), EVW_OK);
	assert_int_equal(e3_keyring_count(keyring), count);
	for (uint32_t i = 0; i < count; i++)
		assert_string_equal(e3_keyring_find(keyring, text(names[i]))->name, names[i]);
	for (uint32_t i = 1; i < count; i++)
		assert_true(strcmp(e3_keyring_app(keyring, i - 1)->name,
						   e3_keyring_app(keyring, i)->name) < 0);
	assert_null(e3_keyring_find(keyring, text("")));
	assert_null(e3_keyring_find(keyring, text("mmm")));
	assert_null(e3_keyring_find(keyring, text("zz")));
	assert_null(e3_keyring_find(keyring, (EvwBytes){(const uint8_t *) "a\0", 2}));
	e3_keyring_release(keyring);
}

static void
names_are_slugs(void **state)
{
	static const char *const bad[] = {"", "A", "a b", "a/b", "a.b", "\xc3\xa9", "a\n"};
	char longest[EVW_APP_MAX + 2];
	E3Keyring *keyring = e3_keyring_new();

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_status(add_empty(keyring, bad[i], 1), EVW_APP_NAME);
	memset(longest, 'a', sizeof(longest));
	longest[EVW_APP_MAX + 1] = '\0';
	assert_status(add_empty(keyring, longest, 1), EVW_APP_NAME);
	longest[EVW_APP_MAX] = '\0';
	assert_status(add_empty(keyring, longest, 1), EVW_OK);
	assert_non_null(e3_keyring_find(keyring, text(longest)));
	assert_int_equal(e3_keyring_count(keyring), 1);
	e3_keyring_release(keyring);
}

static void
versions_stand_newest_first(void **state)
{
	static const uint32_t order[] = {3, 1, 7, 2};
	static const uint32_t sorted[] = {7, 3, 2, 1};
	E3Keyring *keyring = e3_keyring_new();
	const E3App *app;

	(void) state;
	for (int i = 0; i < 4; i++)
		assert_status(add_empty(keyring, "app", order[i]), EVW_OK);
	assert_status(add_empty(keyring, "app", 3), EVW_KEYRING_FORMAT);
	assert_status(add_empty(keyring, "app", 0), EVW_KEYRING_FORMAT);
	assert_status(add_empty(keyring, "other", 0), EVW_KEYRING_FORMAT);
	assert_int_equal(e3_keyring_count(keyring), 1);
	app = e3_keyring_find(keyring, text("app"));
	assert_int_equal(app->n_versions, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(app->versions[i].version, sorted[i]);
	e3_keyring_release(keyring);
}

static void
a_keyring_has_its_limits(void **state)
{
	E3Keyring *keyring = e3_keyring_new();

	(void) state;
	for (uint32_t i = 1; i <= EVW_KEY_VERSIONS_MAX; i++)
		assert_status(add_empty(keyring, "a", i), EVW_OK);
	assert_status(add_empty(keyring, "a", EVW_KEY_VERSIONS_MAX + 1), EVW_KEYRING_FULL);
	for (int i = 1; i < E3_APPS_MAX; i++)
	{
		char name[16];

		snprintf(name, sizeof(name), "app%d", i);
		assert_status(add_empty(keyring, name, 1), EVW_OK);
	}
	assert_status(add_empty(keyring, "one-too-many", 1), EVW_KEYRING_FULL);
	assert_status(add_empty(keyring, "app17", 2), EVW_OK);
	assert_int_equal(e3_keyring_count(keyring), E3_APPS_MAX);
	assert_non_null(e3_keyring_find(keyring, text("app4095")));
	e3_keyring_release(keyring);
}

static void
a_hint_picks_its_version(void **state)
{
	E3Keyring *keyring = e3_keyring_new();
	uint8_t hints[2][EVW_HINT_LEN];
	const uint8_t none[EVW_HINT_LEN] = {0};
	const E3App *app;

	(void) state;
	for (uint32_t i = 0; i < 2; i++)
	{
		E3KeyVersion version = make_version(i + 1);

		memcpy(hints[i], e3_key_pair_hint(version.pairs[EVW_CURVE_P256]), EVW_HINT_LEN);
		assert_status(e3_keyring_add(keyring, text("app"), &version), EVW_OK);
	}
	app = e3_keyring_find(keyring, text("app"));
	assert_int_equal(e3_app_find_hint(app, EVW_CURVE_P256, hints[0])->version, 1);
	assert_int_equal(e3_app_find_hint(app, EVW_CURVE_P256, hints[1])->version, 2);
	/* The hint of one curve's key says nothing on the other. */
	assert_null(e3_app_find_hint(app, EVW_CURVE_SECP256K1, hints[0]));
	assert_null(e3_app_find_hint(app, EVW_CURVE_P256, none));
	e3_keyring_release(keyring);
}

#define KEY_A "2a2b2c2d2e2f30313233343536373839c0ffee00deadbeef0123456789abcdef"
#define KEY_B "1f2e3d4c5b6a79880102030405060708090a0b0c0d0e0f101112131415161718"

/* "count" versions of one app; the hex is of the oldest one's keys. */
static E3Keyring *
make_keyring(const char *name, uint32_t first, uint32_t count, const char *p256,
			 const char *secp256k1)
{
	E3Keyring *keyring = e3_keyring_new();

	for (uint32_t i = 0; i < count; i++)
	{
		const E3KeyVersion version =
			{.version = first + i,
			 .pairs = {[EVW_CURVE_P256] =
						   help_pair(EVW_CURVE_P256, i == 0 ? p256 : KEY_B),
					   [EVW_CURVE_SECP256K1] =
						   help_pair(EVW_CURVE_SECP256K1, i == 0 ? secp256k1 : KEY_B)}};

		assert_status(e3_keyring_add(keyring, text(name), &version), EVW_OK);
	}
	return keyring;
}

static bool
equals_sample(E3Keyring *other)
{
	E3Keyring *sample = make_keyring("app", 1, 2, KEY_A, KEY_A);
	bool equal = e3_keyring_equal(sample, other);

	assert_int_equal(e3_keyring_equal(other, sample), equal);
	e3_keyring_release(sample);
	e3_keyring_release(other);
	return equal;
}

static void
keyrings_of_the_same_keys_are_equal(void **state)
{
	E3Keyring *other = make_keyring("app", 1, 2, KEY_A, KEY_A);

	(void) state;
	e3_keyring_set_generation(other, 7);
	assert_true(equals_sample(other));
	assert_false(equals_sample(e3_keyring_new()));
	assert_false(equals_sample(make_keyring("apq", 1, 2, KEY_A, KEY_A)));
	assert_false(equals_sample(make_keyring("app", 2, 2, KEY_A, KEY_A)));
	assert_false(equals_sample(make_keyring("app", 1, 1, KEY_A, KEY_A)));
	assert_false(equals_sample(make_keyring("app", 1, 2, KEY_B, KEY_A)));
	assert_false(equals_sample(make_keyring("app", 1, 2, KEY_A, KEY_B)));
	other = make_keyring("app", 1, 2, KEY_A, KEY_A);
	assert_status(add_empty(other, "more", 1), EVW_OK);
	assert_false(equals_sample(other));
}

/* An index key whose secret is all of one byte. */
static E3IndexKey
make_index(uint32_t number, uint32_t bytes, int byte)
{
	E3IndexKey index = {.version = number,
						.bytes = bytes,
						.secret = e3_secret_alloc(E3_INDEX_SECRET_LEN)};

	assert_non_null(index.secret);
	memset(index.secret, byte, E3_INDEX_SECRET_LEN);
	return index;
}

static EvwStatus
add_index(E3Keyring *keyring, const char *name, uint32_t number, uint32_t bytes, int byte)
{
	const E3IndexKey index = make_index(number, bytes, byte);

	return e3_keyring_add_index(keyring, text(name), &index);
}

static void
index_keys_stand_newest_first(void **state)
{
	E3Keyring *keyring = e3_keyring_new();
	const E3App *app;

	(void) state;
	assert_status(add_empty(keyring, "app", 5), EVW_OK);
	assert_status(add_index(keyring, "nobody", 1, 16, 1), EVW_UNKNOWN_APP);
	assert_status(add_index(keyring, "app", 0, 16, 1), EVW_KEYRING_FORMAT);
	assert_status(add_index(keyring, "app", 1, E3_INDEX_BYTES_MIN - 1, 1),
				  EVW_KEYRING_FORMAT);
	assert_status(add_index(keyring, "app", 1, E3_INDEX_BYTES_MAX + 1, 1),
				  EVW_KEYRING_FORMAT);
	assert_status(add_index(keyring, "app", 2, E3_INDEX_BYTES_MIN, 2), EVW_OK);
	assert_status(add_index(keyring, "app", 1, E3_INDEX_BYTES_MAX, 1), EVW_OK);
	assert_status(add_index(keyring, "app", 2, 16, 2), EVW_KEYRING_FORMAT);
	app = e3_keyring_find(keyring, text("app"));
	assert_int_equal(app->n_indexes, 2);
	assert_int_equal(app->indexes[0].version, 2);
	assert_int_equal(app->indexes[1].version, 1);
	assert_int_equal(app->indexes[1].secret[0], 1);
	assert_int_equal(app->versions[0].version, 5);
	for (uint32_t i = 3; i <= EVW_INDEX_VERSIONS_MAX; i++)
		assert_status(add_index(keyring, "app", i, 16, 3), EVW_OK);
	assert_status(add_index(keyring, "app", 100, 16, 3), EVW_KEYRING_FULL);
	e3_keyring_release(keyring);
}

static void
all_but_the_newest_retire(void **state)
{
	E3Keyring *keyring = make_keyring("app", 1, 3, KEY_A, KEY_A);
	const E3App *app = e3_keyring_find(keyring, text("app"));
	uint8_t hint[EVW_HINT_LEN];

	(void) state;
	memcpy(hint, e3_key_pair_hint(app->versions[2].pairs[EVW_CURVE_P256]), EVW_HINT_LEN);
	assert_non_null(e3_app_find_hint(app, EVW_CURVE_P256, hint));
	assert_false(e3_keyring_retire(keyring, text("nobody"), 1));
	assert_false(e3_keyring_retire(keyring, text("app"), 0));
	assert_false(e3_keyring_retire(keyring, text("app"), 3));
	assert_false(e3_keyring_retire(keyring, text("app"), 4));
	assert_true(e3_keyring_retire(keyring, text("app"), 1));
	assert_false(e3_keyring_retire(keyring, text("app"), 1));
	assert_null(e3_app_find_hint(app, EVW_CURVE_P256, hint));
	assert_int_equal(app->n_versions, 2);
	assert_int_equal(app->versions[1].version, 2);

	assert_false(e3_keyring_retire_index(keyring, text("app"), 1));
	for (uint32_t i = 1; i <= 3; i++)
		assert_status(add_index(keyring, "app", i, 16, (int) i), EVW_OK);
	assert_false(e3_keyring_retire_index(keyring, text("nobody"), 1));
	assert_false(e3_keyring_retire_index(keyring, text("app"), 3));
	assert_true(e3_keyring_retire_index(keyring, text("app"), 2));
	assert_false(e3_keyring_retire_index(keyring, text("app"), 2));
	assert_int_equal(app->n_indexes, 2);
	assert_int_equal(app->indexes[0].secret[0], 3);
	assert_int_equal(app->indexes[1].secret[0], 1);
	e3_keyring_release(keyring);
}

static E3Keyring *
make_indexed(uint32_t number, uint32_t bytes, int byte)
{
	E3Keyring *keyring = make_keyring("app", 1, 1, KEY_A, KEY_A);

	assert_status(add_index(keyring, "app", number, bytes, byte), EVW_OK);
	return keyring;
}

static void
index_keys_count_for_equality(void **state)
{
	E3Keyring *sample = make_indexed(1, 16, 7);
	E3Keyring *others[] = {make_indexed(1, 16, 7),
						   make_keyring("app", 1, 1, KEY_A, KEY_A),
						   make_indexed(2, 16, 7), make_indexed(1, 17, 7),
						   make_indexed(1, 16, 8)};

	(void) state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		assert_int_equal(e3_keyring_equal(sample, others[i]), i == 0);
		e3_keyring_release(others[i]);
	}
	e3_keyring_release(sample);
}

/* The pairs are the keyring's even then; AddressSanitizer sees them freed once. */
static void
a_refused_version_is_freed(void **state)
{
	E3Keyring *keyring = e3_keyring_new();
	E3KeyVersion version = make_version(1);

	(void) state;
	assert_status(e3_keyring_add(keyring, text("NO"), &version), EVW_APP_NAME);
	version = make_version(1);
	assert_status(e3_keyring_add(keyring, text("app"), &version), EVW_OK);
	version = make_version(1);
	assert_status(e3_keyring_add(keyring, text("app"), &version), EVW_KEYRING_FORMAT);
	e3_keyring_release(keyring);
	e3_keyring_release(NULL);
}

static void
a_reader_keeps_its_snapshot(void **state)
{
	E3Keyring *first = e3_keyring_new();
	E3Keyring *second = e3_keyring_new();
	E3KeyringHolder *holder;
	E3Keyring *seen;

	(void) state;
	e3_keyring_set_generation(first, 1);
	e3_keyring_set_generation(second, 2);
	assert_status(add_empty(first, "old", 1), EVW_OK);
	holder = e3_keyring_holder_new(first);
	seen = e3_keyring_acquire(holder);
	e3_keyring_swap(holder, second);
	assert_int_equal(e3_keyring_generation(seen), 1);
	assert_non_null(e3_keyring_find(seen, text("old")));
	e3_keyring_release(seen);
	seen = e3_keyring_acquire(holder);
	assert_int_equal(e3_keyring_generation(seen), 2);
	e3_keyring_release(seen);
	e3_keyring_holder_free(holder);
	e3_keyring_holder_free(NULL);
}

#define READERS 3
#define SWAPS 2000

typedef struct Readers
{
	E3KeyringHolder *holder;
	atomic_bool stop;
	atomic_uint errors;
	atomic_uint reads;
} Readers;

/* A snapshot is whole and never older than the one before. */
static void *
read_snapshots(void *argument)
{
	Readers *readers = argument;
	uint64_t last = 0;

	while (!atomic_load(&readers->stop))
	{
		E3Keyring *keyring = e3_keyring_acquire(readers->holder);
		uint64_t generation = e3_keyring_generation(keyring);
		char name[16];

		snprintf(name, sizeof(name), "app%u", (unsigned) generation);
		if (generation < last || e3_keyring_find(keyring, text(name)) == NULL)
			atomic_fetch_add(&readers->errors, 1);
		last = generation;
		e3_keyring_release(keyring);
		atomic_fetch_add(&readers->reads, 1);
	}
	return NULL;
}

static E3Keyring *
make_snapshot(unsigned generation)
{
	E3Keyring *keyring = e3_keyring_new();
	char name[16];

	snprintf(name, sizeof(name), "app%u", generation);
	assert_status(add_empty(keyring, name, 1), EVW_OK);
	e3_keyring_set_generation(keyring, generation);
	return keyring;
}

static void
readers_and_a_writer_agree(void **state)
{
	Readers readers = {.holder = e3_keyring_holder_new(make_snapshot(0))};
	pthread_t threads[READERS];

	(void) state;
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_snapshots, &readers), 0);
	for (unsigned i = 1; i <= SWAPS || atomic_load(&readers.reads) < READERS; i++)
		e3_keyring_swap(readers.holder, make_snapshot(i));
	atomic_store(&readers.stop, true);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&readers.errors), 0);
	e3_keyring_holder_free(readers.holder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apps_are_found_by_name),
		cmocka_unit_test(names_are_slugs),
		cmocka_unit_test(versions_stand_newest_first),
		cmocka_unit_test(a_keyring_has_its_limits),
		cmocka_unit_test(a_hint_picks_its_version),
		cmocka_unit_test(keyrings_of_the_same_keys_are_equal),
		cmocka_unit_test(index_keys_stand_newest_first),
		cmocka_unit_test(all_but_the_newest_retire),
		cmocka_unit_test(index_keys_count_for_equality),
		cmocka_unit_test(a_refused_version_is_freed),
		cmocka_unit_test(a_reader_keeps_its_snapshot),
		cmocka_unit_test(readers_and_a_writer_agree),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
