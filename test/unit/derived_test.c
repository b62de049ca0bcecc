/*
 * unit/derived_test.c
 *	  The cache of derived keys: found, forgotten in order of use, wiped.
 */
#include "e3_help.h"
#include "memory_help.h"

#include "crypto/random.h"
#include "keyring/derived.h"

#include <pthread.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 20000

static E3DerivedId
id_number(uint32_t number)
{
	E3DerivedId id = {.rule = (uint8_t) (number & 1)};

	memcpy(id.epk + 1, &number, sizeof(number));
	memset(id.app, 2, sizeof(id.app));
	return id;
}

static void
key_number(uint32_t number, uint8_t key[E3_AES_KEY_LEN])
{
	for (size_t i = 0; i < E3_AES_KEY_LEN; i += sizeof(number))
		memcpy(key + i, &number, sizeof(number));
}

static void
add(E3DerivedKeys *cache, uint32_t number)
{
	E3DerivedId id = id_number(number);
	uint8_t key[E3_AES_KEY_LEN];

	key_number(number, key);
	e3_derived_add(cache, 0, &id, key);
}

/* Found or not; what is found is right. */
static bool
has(E3DerivedKeys *cache, uint32_t number)
{
	E3DerivedId id = id_number(number);
	uint8_t expected[E3_AES_KEY_LEN];
	uint8_t key[E3_AES_KEY_LEN];

	if (!e3_derived_find(cache, &id, key))
		return false;
	key_number(number, expected);
	assert_memory_equal(key, expected, sizeof(key));
	return true;
}

static void
keeps_what_was_added(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(4096, 0, 0);

	(void) state;
	assert_non_null(cache);
	for (uint32_t i = 0; i < 1000; i++)
	{
		assert_false(has(cache, i));
		add(cache, i);
		/* Twice is once. */
		add(cache, i);
	}
	assert_int_equal(e3_derived_count(cache), 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(has(cache, i));
	e3_derived_clear(cache, 0);
	assert_int_equal(e3_derived_count(cache), 0);
	for (uint32_t i = 0; i < 1000; i++)
		assert_false(has(cache, i));
	add(cache, 7);
	assert_true(has(cache, 7));
	e3_derived_free(cache);
}

/* Every part of the id counts. */
static void
tells_ids_apart(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(256, 0, 0);
	E3DerivedId id = id_number(1);
	uint8_t key[E3_AES_KEY_LEN] = {0};

	(void) state;
	e3_derived_add(cache, 0, &id, key);
	for (size_t i = 0; i < sizeof(id); i++)
	{
		E3DerivedId other = id;

		((uint8_t *) &other)[i] ^= 1;
		assert_false(e3_derived_find(cache, &other, key));
	}
	assert_true(e3_derived_find(cache, &id, key));
	e3_derived_free(cache);
}

/* What is used stays, however much comes. */
static void
forgets_what_is_not_used(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(160, 0, 0);

	(void) state;
	add(cache, 0);
	for (uint32_t i = 1; i < 5000; i++)
	{
		add(cache, i);
		assert_true(has(cache, i));
		assert_true(has(cache, 0));
		assert_true(e3_derived_count(cache) <= 160);
	}
	assert_false(has(cache, 1));
	assert_int_equal(e3_derived_count(cache), 160);
	e3_derived_free(cache);
}

/* Adds a key of which nothing stays here but its bits turned round. */
static void
add_random(E3DerivedKeys *cache, uint32_t number, uint8_t inverted[E3_AES_KEY_LEN])
{
	E3DerivedId id = id_number(number);
	uint8_t key[E3_AES_KEY_LEN];

	assert_status(e3_random(key, sizeof(key)), EVW_OK);
	e3_derived_add(cache, 0, &id, key);
	help_invert(key, sizeof(key));
	memcpy(inverted, key, sizeof(key));
}

static void
what_is_forgotten_is_wiped(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(16, 0, 0);
	uint8_t inverted[E3_AES_KEY_LEN];

	(void) state;
	add_random(cache, 0, inverted);
	assert_true(help_memory_has(inverted, sizeof(inverted)));
	for (uint32_t i = 1; i < 500; i++)
		add(cache, i);
	assert_false(has(cache, 0));
	assert_false(help_memory_has(inverted, sizeof(inverted)));
	add_random(cache, 0, inverted);
	assert_true(help_memory_has(inverted, sizeof(inverted)));
	e3_derived_clear(cache, 0);
	assert_false(help_memory_has(inverted, sizeof(inverted)));
	e3_derived_free(cache);
}

/* A request that began before a key was retired may end after it. */
static void
keeps_nothing_of_an_older_keyring(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(256, 0, 0);
	const E3DerivedId id = id_number(1);
	uint8_t key[E3_AES_KEY_LEN];

	(void) state;
	key_number(1, key);
	e3_derived_clear(cache, 5);
	e3_derived_add(cache, 4, &id, key);
	assert_false(has(cache, 1));
	assert_int_equal(e3_derived_count(cache), 0);
	e3_derived_add(cache, 5, &id, key);
	assert_true(has(cache, 1));
	/* A keyring that is restored may have a lower number. */
	e3_derived_clear(cache, 3);
	e3_derived_add(cache, 3, &id, key);
	assert_true(has(cache, 1));
	e3_derived_free(cache);
}

static void
none_may_be_kept(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(0, 0, 0);

	(void) state;
	assert_non_null(cache);
	add(cache, 1);
	assert_false(has(cache, 1));
	e3_derived_clear(cache, 0);
	assert_int_equal(e3_derived_count(cache), 0);
	e3_derived_free(cache);
}

/* ---- schedules ---- */

#define SCHEDULE_LEN 64

typedef struct Schedule
{
	uint8_t bytes[SCHEDULE_LEN];
} Schedule;

static void
keep_as(E3DerivedKeys *cache, uint32_t from, uint32_t to, bool may_wait)
{
	Schedule made[64];
	const void *schedules[64];
	E3DerivedId ids[64];
	uint32_t hashes[64];

	for (uint32_t i = from; i < to; i++)
	{
		memset(made[i - from].bytes, (int) i, SCHEDULE_LEN);
		schedules[i - from] = made[i - from].bytes;
		ids[i - from] = id_number(i);
		hashes[i - from] = e3_derived_hash(cache, &ids[i - from]);
	}
	e3_derived_keep(cache, ids, hashes, schedules, to - from, may_wait);
}

static void
keep(E3DerivedKeys *cache, uint32_t from, uint32_t to)
{
	keep_as(cache, from, to, true);
}

/* Is there a schedule?  It is the right one, and so is the key. */
static bool
has_schedule(E3DerivedKeys *cache, uint32_t number)
{
	const E3DerivedId id = id_number(number);
	uint32_t hashed = e3_derived_hash(cache, &id);
	uint8_t expected[SCHEDULE_LEN];
	E3DerivedSecrets secrets = {NULL, NULL};

	e3_derived_prefetch(cache, hashed);
	assert_true(e3_derived_hold(cache));
	e3_derived_prefetch_entry(cache, hashed);
	if (e3_derived_look(cache, &id, hashed, &secrets))
	{
		key_number(number, expected);
		assert_memory_equal(secrets.key, expected, E3_AES_KEY_LEN);
	}
	if (secrets.schedule != NULL)
	{
		memset(expected, (int) number, SCHEDULE_LEN);
		assert_memory_equal(secrets.schedule, expected, SCHEDULE_LEN);
	}
	e3_derived_release(cache);
	return secrets.schedule != NULL;
}

static uint32_t
count_schedules(E3DerivedKeys *cache, uint32_t from, uint32_t to)
{
	uint32_t count = 0;

	for (uint32_t i = from; i < to; i++)
		count += has_schedule(cache, i);
	return count;
}

static void
keeps_schedules_of_some(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(64, 8, SCHEDULE_LEN);

	(void) state;
	for (uint32_t i = 0; i < 20; i++)
		add(cache, i);
	assert_int_equal(count_schedules(cache, 0, 20), 0);
	keep(cache, 0, 5);
	assert_int_equal(count_schedules(cache, 0, 5), 5);
	/* Of keys that are not there, none. */
	keep(cache, 30, 40);
	assert_int_equal(count_schedules(cache, 0, 64), 5);
	assert_true(e3_derived_has_room(cache));
	keep(cache, 0, 8);
	assert_int_equal(count_schedules(cache, 0, 8), 8);
	assert_false(e3_derived_has_room(cache));
	/* All places are taken, and used all the time. */
	for (uint32_t i = 0; i < 40; i++)
	{
		keep(cache, 8, 12);
		assert_int_equal(count_schedules(cache, 0, 8), 8);
		assert_int_equal(count_schedules(cache, 8, 20), 0);
	}
	/* Not used any more: each is looked at once, and then goes. */
	keep(cache, 8, 16);
	keep(cache, 8, 14);
	assert_int_equal(count_schedules(cache, 8, 14), 6);
	assert_int_equal(count_schedules(cache, 0, 20), 8);
	e3_derived_free(cache);
}

/* A key that goes takes its schedule along, whose place another gets. */
static void
schedules_go_with_their_keys(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(16, 16, SCHEDULE_LEN);

	(void) state;
	for (uint32_t i = 0; i < 64; i++)
	{
		add(cache, i);
		keep(cache, i, i + 1);
		assert_true(has_schedule(cache, i));
		assert_int_equal(count_schedules(cache, 0, i + 1), i < 16 ? i + 1 : 16);
	}
	e3_derived_clear(cache, 0);
	assert_int_equal(count_schedules(cache, 0, 64), 0);
	for (uint32_t i = 0; i < 16; i++)
		add(cache, i);
	keep(cache, 0, 16);
	assert_int_equal(count_schedules(cache, 0, 16), 16);
	e3_derived_free(cache);
}

static void
keep_random(E3DerivedKeys *cache, uint32_t number, Schedule *inverted)
{
	const E3DerivedId id = id_number(number);
	const uint32_t hashed = e3_derived_hash(cache, &id);
	const void *schedule = inverted;

	add(cache, number);
	assert_status(e3_random(inverted->bytes, SCHEDULE_LEN), EVW_OK);
	e3_derived_keep(cache, &id, &hashed, &schedule, 1, true);
	help_invert(inverted->bytes, SCHEDULE_LEN);
	assert_true(help_memory_has(inverted->bytes, SCHEDULE_LEN));
}

static void
schedules_that_go_are_wiped(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(16, 4, SCHEDULE_LEN);
	Schedule inverted;

	(void) state;
	keep_random(cache, 0, &inverted);
	for (uint32_t i = 1; i < 100; i++)
		add(cache, i);
	assert_false(help_memory_has(inverted.bytes, SCHEDULE_LEN));
	keep_random(cache, 0, &inverted);
	e3_derived_clear(cache, 0);
	assert_false(help_memory_has(inverted.bytes, SCHEDULE_LEN));
	e3_derived_free(cache);
}

static void
no_schedules_may_be_kept(void **state)
{
	static const uint32_t counts[][2] = {{64, 0}, {0, 64}};

	(void) state;
	for (int i = 0; i < 2; i++)
	{
		E3DerivedKeys *cache = e3_derived_new(counts[i][0], counts[i][1], SCHEDULE_LEN);

		assert_false(e3_derived_keeps_schedules(cache));
		assert_false(e3_derived_hold(cache));
		e3_derived_free(cache);
	}
}

static void *
keep_without_waiting(void *arg)
{
	keep_as(arg, 0, 1, false);
	return NULL;
}

static void *
add_another(void *arg)
{
	add(arg, 1);
	return NULL;
}

/* Who reads may take a while: to keep a schedule is not worth to wait for that. */
static void
to_keep_a_schedule_need_not_wait(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(16, 16, SCHEDULE_LEN);
	pthread_t keeper;
	pthread_t adder;

	(void) state;
	add(cache, 0);
	assert_true(e3_derived_hold(cache));
	assert_int_equal(pthread_create(&adder, NULL, add_another, cache), 0);
	assert_int_equal(pthread_create(&keeper, NULL, keep_without_waiting, cache), 0);
	assert_int_equal(pthread_join(keeper, NULL), 0);
	/* To count is for a thread that must not wait, whoever else does. */
	assert_int_equal(e3_derived_count(cache), 1);
	e3_derived_release(cache);
	assert_int_equal(pthread_join(adder, NULL), 0);
	assert_false(has_schedule(cache, 0));
	assert_int_equal(e3_derived_count(cache), 2);
	keep_as(cache, 0, 1, false);
	assert_true(has_schedule(cache, 0));
	e3_derived_free(cache);
}

/* What this process has locked. */
static size_t
count_locked(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	size_t kilobytes = 0;
	bool found = false;
	char line[256];

	assert_non_null(status);
	while (!found && fgets(line, sizeof(line), status) != NULL)
		found = sscanf(line, "VmLck: %zu kB", &kilobytes) == 1;
	(void) fclose(status);
	assert_true(found);
	return kilobytes << 10;
}

static void
no_place_is_without_a_key(void **state)
{
	size_t before = count_locked();
	E3DerivedKeys *cache = e3_derived_new(8, 1 << 16, SCHEDULE_LEN);

	(void) state;
	assert_non_null(cache);
	assert_true(count_locked() - before <= 4096);
	for (uint32_t i = 0; i < 8; i++)
		add(cache, i);
	keep(cache, 0, 8);
	assert_int_equal(count_schedules(cache, 0, 8), 8);
	e3_derived_free(cache);
}

static void *
use(void *arg)
{
	E3DerivedKeys *cache = arg;

	for (uint32_t i = 0; i < ROUNDS; i++)
	{
		uint32_t number = i * 7919 % 512;

		if (!has(cache, number))
			add(cache, number);
		if (!has_schedule(cache, number) && i % 3 == 0)
			keep(cache, number, number + 1);
		if (i % 5000 == 0)
			e3_derived_clear(cache, 0);
	}
	return NULL;
}

static void
many_threads_share_it(void **state)
{
	E3DerivedKeys *cache = e3_derived_new(256, 32, SCHEDULE_LEN);
	pthread_t threads[THREADS];

	(void) state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, cache), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(e3_derived_count(cache) <= 256);
	e3_derived_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_added),
		cmocka_unit_test(tells_ids_apart),
		cmocka_unit_test(forgets_what_is_not_used),
		cmocka_unit_test(what_is_forgotten_is_wiped),
		cmocka_unit_test(keeps_nothing_of_an_older_keyring),
		cmocka_unit_test(none_may_be_kept),
		cmocka_unit_test(keeps_schedules_of_some),
		cmocka_unit_test(schedules_go_with_their_keys),
		cmocka_unit_test(schedules_that_go_are_wiped),
		cmocka_unit_test(no_schedules_may_be_kept),
		cmocka_unit_test(to_keep_a_schedule_need_not_wait),
		cmocka_unit_test(no_place_is_without_a_key),
		cmocka_unit_test(many_threads_share_it),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
