/*
 * unit/request_keys_test.c
 *	  Keys made ahead: right ones, each once, dropped when the app's keys change.
 */
#include "e3_help.h"
#include "memory_help.h"

#include "base/secret.h"
#include "keyring/request_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PER_SHELF 16

typedef struct Fixture
{
	E3Scratch *scratch;
	E3Keyring *keyring;
	E3RequestKeys *keys;
} Fixture;

static E3Keyring *
new_keyring(void)
{
	E3Keyring *keyring = e3_keyring_new();
	E3KeyVersion version = {.version = 1};

	version.pairs[EVW_CURVE_P256] = e3_key_pair_generate(EVW_CURVE_P256);
	version.pairs[EVW_CURVE_SECP256K1] = e3_key_pair_generate(EVW_CURVE_SECP256K1);
	assert_status(e3_keyring_add(keyring, (EvwBytes){(const uint8_t *) "app", 3},
								 &version),
				  EVW_OK);
	return keyring;
}

static int
set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(Fixture));

	assert_int_equal(help_arena(state), 0);
	fixture->scratch = e3_scratch_new();
	fixture->keyring = new_keyring();
	fixture->keys = e3_request_keys_new(PER_SHELF);
	assert_non_null(fixture->scratch);
	assert_non_null(fixture->keys);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	Fixture *fixture = *state;

	e3_request_keys_free(fixture->keys);
	e3_keyring_release(fixture->keyring);
	e3_scratch_free(fixture->scratch);
	free(fixture);
	return 0;
}

static const E3KeyPair *
pair_of(const E3Keyring *keyring, EvwCurve curve)
{
	return e3_keyring_app(keyring, 0)->versions[0].pairs[curve];
}

/* Takes a key and checks it from the other side. */
static bool
take(Fixture *fixture, E3Keyring *keyring, EvwTag tag, E3RequestKey *key)
{
	const EvwTagInfo *info = evw_tag_info(tag);
	const E3KeyPair *pair = pair_of(keyring, info->curve);
	E3Agreement agreement;
	uint8_t expected[E3_AES_KEY_LEN];
	bool ready;

	assert_status(e3_request_keys_take(fixture->keys, fixture->scratch, keyring, pair,
									   info, key, &ready),
				  EVW_OK);
	assert_status(e3_agree_with(fixture->scratch, pair, key->epk, &agreement), EVW_OK);
	assert_status(e3_kdf_key(fixture->scratch, info, &agreement, expected), EVW_OK);
	assert_memory_equal(key->key, expected, sizeof(expected));
	return ready;
}

static void
stock_all(Fixture *fixture)
{
	while (e3_request_keys_stock(fixture->keys, fixture->scratch))
		;
}

static void
keys_are_handed_out_once(void **state)
{
	Fixture *fixture = *state;
	E3RequestKey taken[PER_SHELF + 1];

	assert_false(e3_request_keys_stock(fixture->keys, fixture->scratch));
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &taken[0]));
	stock_all(fixture);
	assert_int_equal(e3_request_keys_count(fixture->keys), PER_SHELF);
	for (int i = 0; i < PER_SHELF; i++)
	{
		assert_true(take(fixture, fixture->keyring, EVW_TAG_QKTC, &taken[i]));
		for (int k = 0; k < i; k++)
		{
			assert_memory_not_equal(taken[i].key, taken[k].key, E3_AES_KEY_LEN);
			assert_memory_not_equal(taken[i].epk, taken[k].epk, EVW_POINT_LEN);
			assert_memory_not_equal(taken[i].iv_base, taken[k].iv_base, EVW_IV_LEN);
		}
	}
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &taken[PER_SHELF]));
	assert_int_equal(e3_request_keys_count(fixture->keys), 0);
}

/* What was made ahead is in the hands of who has taken it, and nowhere else. */
static void
a_key_that_was_taken_is_wiped(void **state)
{
	Fixture *fixture = *state;
	const E3KeyPair *pair = pair_of(fixture->keyring, EVW_CURVE_P256);
	const EvwTagInfo *info = evw_tag_info(EVW_TAG_QKTC);
	uint8_t inverted[E3_AES_KEY_LEN];
	E3RequestKey key;
	bool ready;

	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &key));
	stock_all(fixture);
	assert_status(e3_request_keys_take(fixture->keys, fixture->scratch, fixture->keyring,
									   pair, info, &key, &ready),
				  EVW_OK);
	assert_true(ready);
	help_invert(key.key, sizeof(key.key));
	memcpy(inverted, key.key, sizeof(inverted));
	assert_false(help_memory_has(inverted, sizeof(inverted)));
	help_invert(key.key, sizeof(key.key));
	assert_true(help_memory_has(inverted, sizeof(inverted)));
	e3_wipe(&key, sizeof(key));
}

static void
every_kind_has_its_shelf(void **state)
{
	static const EvwTag tags[] = {EVW_TAG_QKTC, EVW_TAG_S0LS, EVW_TAG_RFVC};
	Fixture *fixture = *state;
	E3RequestKey key;

	e3_request_keys_clear(fixture->keys, 0);
	for (int i = 0; i < 3; i++)
		assert_false(take(fixture, fixture->keyring, tags[i], &key));
	stock_all(fixture);
	assert_int_equal(e3_request_keys_count(fixture->keys), 3 * PER_SHELF);
	for (int i = 0; i < 3; i++)
		assert_true(take(fixture, fixture->keyring, tags[i], &key));
	/* Tk9D's keys are made as QkTC's are. */
	assert_true(take(fixture, fixture->keyring, EVW_TAG_TK9D, &key));
}

static void
rotation_drops_them(void **state)
{
	Fixture *fixture = *state;
	E3Keyring *next = new_keyring();
	E3RequestKey key;

	(void) take(fixture, fixture->keyring, EVW_TAG_QKTC, &key);
	stock_all(fixture);
	/* A keyring with other keys is another kind, cleared or not. */
	assert_false(take(fixture, next, EVW_TAG_QKTC, &key));
	e3_request_keys_clear(fixture->keys, 0);
	assert_int_equal(e3_request_keys_count(fixture->keys), 0);
	assert_false(e3_request_keys_stock(fixture->keys, fixture->scratch));
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &key));
	e3_request_keys_clear(fixture->keys, 0);
	e3_keyring_release(next);
}

/* A request that began before a key was retired gets its key, and none is made ahead. */
static void
an_older_keyring_gets_no_shelf(void **state)
{
	Fixture *fixture = *state;
	E3RequestKey key;

	e3_keyring_set_generation(fixture->keyring, 4);
	e3_request_keys_clear(fixture->keys, 5);
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &key));
	assert_false(e3_request_keys_stock(fixture->keys, fixture->scratch));
	assert_int_equal(e3_request_keys_count(fixture->keys), 0);
	e3_request_keys_clear(fixture->keys, 4);
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &key));
	assert_true(e3_request_keys_stock(fixture->keys, fixture->scratch));
	e3_request_keys_clear(fixture->keys, 0);
	e3_keyring_set_generation(fixture->keyring, 0);
}

/* More kinds than shelves: the ones asked for last are there. */
static void
shelves_are_bounded(void **state)
{
	Fixture *fixture = *state;
	E3Keyring *keyrings[E3_SHELVES + 3];
	E3RequestKey key;

	e3_request_keys_clear(fixture->keys, 0);
	for (int i = 0; i < E3_SHELVES + 3; i++)
	{
		keyrings[i] = new_keyring();
		assert_false(take(fixture, keyrings[i], EVW_TAG_QKTC, &key));
	}
	stock_all(fixture);
	assert_int_equal(e3_request_keys_count(fixture->keys), E3_SHELVES * PER_SHELF);
	for (int i = E3_SHELVES + 2; i >= 3; i--)
		assert_true(take(fixture, keyrings[i], EVW_TAG_QKTC, &key));
	assert_false(take(fixture, keyrings[0], EVW_TAG_QKTC, &key));
	e3_request_keys_clear(fixture->keys, 0);
	for (int i = 0; i < E3_SHELVES + 3; i++)
		e3_keyring_release(keyrings[i]);
}

static void
none_may_be_kept(void **state)
{
	Fixture *fixture = *state;
	E3RequestKeys *none = e3_request_keys_new(0);
	E3RequestKeys *kept = fixture->keys;
	E3RequestKey key;

	fixture->keys = none;
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &key));
	assert_false(e3_request_keys_stock(none, fixture->scratch));
	assert_false(take(fixture, fixture->keyring, EVW_TAG_QKTC, &key));
	e3_request_keys_free(none);
	fixture->keys = kept;
}

/* One thread stocks, one clears, two take. */
typedef struct Together
{
	Fixture *fixture;
	int what;
} Together;

static void *
do_together(void *arg)
{
	Together *together = arg;
	Fixture mine = *together->fixture;
	E3RequestKey key;

	mine.scratch = e3_scratch_new();
	for (int i = 0; i < 200; i++)
	{
		if (together->what == 0)
			(void) e3_request_keys_stock(mine.keys, mine.scratch);
		else if (together->what == 1 && i % 20 == 0)
			e3_request_keys_clear(mine.keys, 0);
		else if (together->what > 1)
			(void) take(&mine, mine.keyring, EVW_TAG_QKTC, &key);
	}
	e3_scratch_free(mine.scratch);
	return NULL;
}

static void
threads_share_them(void **state)
{
	pthread_t threads[4];
	Together together[4];

	for (int i = 0; i < 4; i++)
	{
		together[i] = (Together){*state, i};
		assert_int_equal(pthread_create(&threads[i], NULL, do_together, &together[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_handed_out_once),
		cmocka_unit_test(a_key_that_was_taken_is_wiped),
		cmocka_unit_test(every_kind_has_its_shelf),
		cmocka_unit_test(rotation_drops_them),
		cmocka_unit_test(an_older_keyring_gets_no_shelf),
		cmocka_unit_test(shelves_are_bounded),
		cmocka_unit_test(none_may_be_kept),
		cmocka_unit_test(threads_share_them),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
