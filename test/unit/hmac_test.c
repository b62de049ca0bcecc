/*
 * unit/hmac_test.c
 *	  HMAC-SHA-256: foreign vectors, in one piece and in many.
 */
#include "e3_help.h"

#include "crypto/hmac.h"

#include <string.h>

/* The message in pieces of this length. */
static void
mac_in_pieces(E3Hmac *hmac, EvwBytes message, size_t piece, uint8_t mac[E3_HMAC_LEN])
{
	assert_status(e3_hmac_begin(hmac), EVW_OK);
	for (size_t at = 0; at < message.len; at += piece)
	{
		size_t len = message.len - at < piece ? message.len - at : piece;

		assert_status(e3_hmac_update(hmac, (EvwBytes){message.data + at, len}), EVW_OK);
	}
	assert_status(e3_hmac_end(hmac, mac), EVW_OK);
}

static void
expect_mac(E3Scratch *scratch, EvwBytes key, EvwBytes message, EvwBytes tag, bool good)
{
	static const size_t pieces[] = {1, 63, 64, 65, SIZE_MAX};
	E3Hmac *hmac = e3_hmac_new(scratch, key);
	uint8_t mac[E3_HMAC_LEN];

	assert_non_null(hmac);
	/* One that was begun and never ended harms none after it. */
	assert_status(e3_hmac_begin(hmac), EVW_OK);
	assert_status(e3_hmac_update(hmac, BYTES("given up")), EVW_OK);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
	{
		mac_in_pieces(hmac, message, pieces[i], mac);
		assert_int_equal(memcmp(mac, tag.data, tag.len) == 0, good);
	}
	e3_hmac_free(hmac);
}

/* RFC 4231, test cases 1 to 4; those after have longer keys, or other tags. */
static void
macs_are_those_of_the_rfc(void **state)
{
	static const char *const cases[][3] = {
		{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		 "dddddddddddddddddddddddddddddddd",
		 "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"0102030405060708090a0b0c0d0e0f10111213141516171819",
		 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
		 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
		 "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	};
	E3Scratch *scratch = e3_scratch_new();

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		EvwBytes key = help_unhex(cases[i][0]);
		EvwBytes message = help_unhex(cases[i][1]);
		EvwBytes tag = help_unhex(cases[i][2]);

		expect_mac(scratch, key, message, tag, true);
		help_release(tag);
		help_release(message);
		help_release(key);
	}
	e3_scratch_free(scratch);
}

/* Runs one of Wycheproof's; false if its key is too long for us. */
static bool
run_wycheproof(E3Scratch *scratch, const json_t *test)
{
	EvwBytes key = help_unhex(help_field(test, "key"));
	EvwBytes message = help_unhex(help_field(test, "msg"));
	EvwBytes tag = help_unhex(help_field(test, "tag"));
	bool fits = key.len <= E3_HMAC_KEY_MAX;

	if (fits)
		expect_mac(scratch, key, message, tag,
				   strcmp(help_field(test, "result"), "valid") == 0);
	help_release(tag);
	help_release(message);
	help_release(key);
	return fits;
}

static void
macs_are_those_of_wycheproof(void **state)
{
	json_t *file = help_wycheproof("hmac_sha256_test.json");
	json_t *groups = json_object_get(file, "testGroups");
	E3Scratch *scratch = e3_scratch_new();
	size_t i;
	size_t j;
	json_t *group;
	json_t *test;
	int run = 0;
	int longer = 0;

	(void) state;
	json_array_foreach(groups, i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			if (run_wycheproof(scratch, test))
				run++;
			else
				longer++;
		}
	}
	print_message("%d of Wycheproof's, %d with longer keys left out\n", run, longer);
	assert_true(run >= 100);
	e3_scratch_free(scratch);
	json_decref(file);
}

static void
a_key_has_its_longest(void **state)
{
	static const uint8_t key[E3_HMAC_KEY_MAX + 1];
	E3Scratch *scratch = e3_scratch_new();
	E3Hmac *hmac = e3_hmac_new(scratch, (EvwBytes){key, E3_HMAC_KEY_MAX});

	(void) state;
	assert_non_null(hmac);
	assert_null(e3_hmac_new(scratch, (EvwBytes){key, E3_HMAC_KEY_MAX + 1}));
	e3_hmac_free(hmac);
	e3_hmac_free(NULL);
	e3_scratch_free(scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(macs_are_those_of_the_rfc),
		cmocka_unit_test(macs_are_those_of_wycheproof),
		cmocka_unit_test(a_key_has_its_longest),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
