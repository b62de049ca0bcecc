/*
 * unit/status_test.c
 *	  Status codes: unknown ones, their names, and the byte of a value.
 */
#include "wire_help.h"

#include "wire/status.h"

#include <string.h>

typedef struct Listed
{
	uint32_t code;
	const char *name;
	const char *message;
} Listed;

static const Listed listed[] = {
#define LIST(name, code, message) {code, #name, message},
	EVW_STATUS_LIST(LIST)
#undef LIST
};

#define N_LISTED (sizeof(listed) / sizeof(listed[0]))

static void
unknown_codes_have_a_name(void **state)
{
	static const uint32_t unknown[] = {1, 100, 300, 399, 65535, UINT32_MAX};

	(void) state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
	{
		assert_string_equal(evw_status_name(unknown[i]), "UNKNOWN");
		assert_string_equal(evw_status_message(unknown[i]), "unknown error");
	}
}

static void
codes_and_names_are_unique(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_LISTED; i++)
		for (size_t j = i + 1; j < N_LISTED; j++)
		{
			assert_int_not_equal(listed[i].code, listed[j].code);
			assert_string_not_equal(listed[i].name, listed[j].name);
			assert_string_not_equal(listed[i].message, listed[j].message);
		}
}

static void
texts_are_found_by_code(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_LISTED; i++)
	{
		assert_string_equal(evw_status_name(listed[i].code), listed[i].name);
		assert_string_equal(evw_status_message(listed[i].code), listed[i].message);
	}
}

/* They are printed in one line, with more text after them. */
static void
messages_are_plain_sentences(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_LISTED; i++)
	{
		size_t len = strlen(listed[i].message);

		assert_true(len > 0 && listed[i].message[len - 1] != '.');
		for (size_t at = 0; at < len; at++)
			assert_true(listed[i].message[at] >= ' ' && listed[i].message[at] <= '~');
	}
}

/* Codes that were released; a change here breaks clients. */
static void
codes_keep_their_numbers(void **state)
{
	(void) state;
	assert_int_equal(EVW_FRAME_TOO_LONG, 102);
	assert_int_equal(EVW_VERSION_MISMATCH, 110);
	assert_int_equal(EVW_BAD_HEADER, 201);
	assert_int_equal(EVW_UNKNOWN_APP, 207);
	assert_int_equal(EVW_DOES_NOT_OPEN - EVW_VALUE_STATUS_BASE, 1);
	assert_int_equal(EVW_ROLE_REFUSED - EVW_VALUE_STATUS_BASE, 7);
	assert_int_equal(EVW_TEXT_NO_PREFIX, 331);
	assert_int_equal(EVW_PEER_REFUSED, 401);
	assert_int_equal(EVW_BUSY, 501);
	assert_int_equal(EVW_CANCELLED, 505);
	assert_int_equal(EVW_KEYRING_IO, 601);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_codes_have_a_name),
		cmocka_unit_test(codes_and_names_are_unique),
		cmocka_unit_test(texts_are_found_by_code),
		cmocka_unit_test(messages_are_plain_sentences),
		cmocka_unit_test(codes_keep_their_numbers),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
