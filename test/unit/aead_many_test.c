/*
 * unit/aead_many_test.c
 *	  AES-256-GCM of many values at once; for each library.
 */
#include "e3_help.h"

#include "crypto/aead.h"

#include <stdlib.h>
#include <string.h>

static E3Scratch *scratch;

static int
set_up(void **state)
{
	if (help_arena(state) != 0)
		return -1;
	scratch = e3_scratch_new();
	return scratch != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	e3_scratch_free(scratch);
	return 0;
}

/* Some at a time, of all short lengths: as one by one, and one bad one harms no other. */
static void
many_are_as_one_by_one(void **state)
{
	enum
	{
		MANY = 50,
		BAD = 17
	};
	static const uint8_t key[E3_AES_KEY_LEN] = {5};
	static uint8_t ivs[MANY][EVW_IV_LEN];
	static uint8_t plain[2 * MANY];
	static uint8_t sealed[MANY][2 * MANY + EVW_TAG_LEN];
	static uint8_t alone[MANY][2 * MANY + EVW_TAG_LEN];
	static uint8_t opened[MANY][2 * MANY];
	const EvwBytes aad = {plain, 3};
	const EvwBytes head = {plain, 7};
	E3AeadItem items[MANY];

	(void) state;
	memset(plain, 'p', sizeof(plain));
	memset(opened, 'o', sizeof(opened));
	assert_status(e3_aead_set_key(scratch, key), EVW_OK);
	for (size_t i = 0; i < MANY; i++)
	{
		ivs[i][0] = (uint8_t) i;
		items[i] = (E3AeadItem){.out = sealed[i], .iv = ivs[i], .in = {plain, i}};
		assert_status(e3_aead_seal(scratch, alone[i], ivs[i], aad, head, items[i].in),
					  EVW_OK);
	}
	assert_status(e3_aead_seal_many(scratch, aad, head, items, MANY), EVW_OK);
	assert_memory_equal(sealed, alone, sizeof(sealed));
	sealed[BAD][BAD] ^= 1;
	for (size_t i = 0; i < MANY; i++)
		items[i] = (E3AeadItem){.out = opened[i],
								.iv = ivs[i],
								.in = {sealed[i], head.len + i + EVW_TAG_LEN}};
	e3_aead_open_many(scratch, aad, items, MANY);
	for (size_t i = 0; i < MANY; i++)
	{
		static const uint8_t nothing[2 * MANY];

		assert_status(items[i].status, i == BAD ? EVW_DOES_NOT_OPEN : EVW_OK);
		assert_memory_equal(opened[i], i == BAD ? nothing : plain, head.len + i);
		assert_int_equal(opened[i][head.len + i], 'o');
	}
	/* One without a tag: none is opened. */
	items[3].in.len = EVW_TAG_LEN - 1;
	e3_aead_open_many(scratch, aad, items, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_status(items[i].status, EVW_DOES_NOT_OPEN);
}

/* Under a key each, whose schedule was made elsewhere; the key that was set stays. */
static void
each_has_its_key(void **state)
{
	enum
	{
		MANY = 20,
		BAD = 7,
		SHORT = 11,
		LEN = 24
	};
	const size_t len = e3_aead_schedule_len(scratch);
	static const uint8_t iv[EVW_IV_LEN] = {9};
	static const uint8_t plain[LEN] = "as long as it has to be";
	static uint8_t sealed[MANY + 1][LEN + EVW_TAG_LEN];
	uint8_t opened[MANY][LEN];
	uint8_t *schedules;
	E3AeadKey keys[MANY];
	E3AeadItem items[MANY];

	(void) state;
	if (len == 0)
	{
		print_message("SKIP: this library's key schedules cannot be kept\n");
		skip();
	}
	schedules = aligned_alloc(64, MANY * len);
	memset(opened, 'o', sizeof(opened));
	for (size_t i = 0; i <= MANY; i++)
	{
		const uint8_t key[E3_AES_KEY_LEN] = {(uint8_t) i};

		assert_status(e3_aead_set_key(scratch, key), EVW_OK);
		assert_status(e3_aead_seal(scratch, sealed[i], iv, (EvwBytes){plain, i},
								   (EvwBytes){NULL, 0}, (EvwBytes){plain, LEN}),
					  EVW_OK);
		if (i == MANY)
			break;
		e3_aead_expand(scratch, key, schedules + i * len);
		keys[i] = (E3AeadKey){.schedule = schedules + i * len, .aad = {plain, i}};
		items[i] = (E3AeadItem){.out = opened[i],
								.iv = iv,
								.in = {sealed[i], LEN + EVW_TAG_LEN}};
	}
	sealed[BAD][0] ^= 1;
	items[SHORT].in.len = EVW_TAG_LEN - 1;
	e3_aead_open_each(scratch, keys, items, MANY);
	for (size_t i = 0; i < MANY; i++)
	{
		static const uint8_t nothing[LEN];

		assert_status(items[i].status,
					  i == BAD || i == SHORT ? EVW_DOES_NOT_OPEN : EVW_OK);
		if (i != SHORT)
			assert_memory_equal(opened[i], i == BAD ? nothing : plain, LEN);
		else
			assert_int_equal(opened[i][0], 'o');
	}
	assert_status(e3_aead_open(scratch, opened[0], iv, (EvwBytes){plain, MANY},
							   (EvwBytes){sealed[MANY], LEN + EVW_TAG_LEN}),
				  EVW_OK);
	/* Another's schedule, and other additional data. */
	keys[0].schedule = schedules + len;
	keys[1].aad.len = 0;
	e3_aead_open_each(scratch, keys, items, 3);
	assert_status(items[0].status, EVW_DOES_NOT_OPEN);
	assert_status(items[1].status, EVW_DOES_NOT_OPEN);
	assert_status(items[2].status, EVW_OK);
	free(schedules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_as_one_by_one),
		cmocka_unit_test(each_has_its_key),
	};

	return help_run_with_aeads(tests, set_up, tear_down);
}
