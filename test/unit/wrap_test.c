/*
 * unit/wrap_test.c
 *	  What a keyring file's header claims, whether or not the file opens.
 */
#include "e3_help.h"

#include <string.h>

#include "keyring/store.h"
#include "keyring/wrap.h"

static char dir[PATH_MAX];

/* Magic, version, kind and scrypt's parameters; generation; part of the salt. */
static const uint8_t head[] = {'E', '3', 'K', 'R', 1, 1, 15, 8, 1, 0, 0,
							   0,	1,	 2,	  3,   4, 5, 6,	 7, 8, 9, 9};

#define HEAD_GENERATION UINT64_C(0x0102030405060708)
#define AT_SALT 20

static int
set_up(void **state)
{
	(void) state;
	help_make_dir(dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void) state;
	help_remove_dir(dir);
	return 0;
}

static void
what_is_left_of_a_header_claims_a_generation(void **state)
{
	uint8_t other[sizeof(head)];

	(void) state;
	for (size_t len = 0; len <= sizeof(head); len++)
		assert_int_equal(e3_wrap_claimed_generation((EvwBytes){head, len}),
						 len < AT_SALT ? 0 : HEAD_GENERATION);
	memcpy(other, head, sizeof(head));
	other[4] = 99;
	assert_int_equal(e3_wrap_claimed_generation((EvwBytes){other, sizeof(other)}),
					 HEAD_GENERATION);
	other[0] = 'e';
	assert_int_equal(e3_wrap_claimed_generation((EvwBytes){other, sizeof(other)}), 0);
}

/* It does not matter who may read it: what counts is the number. */
static void
a_file_claims_a_generation(void **state)
{
	const char *path = help_path(dir, "keyring", 0);

	(void) state;
	assert_int_equal(e3_store_claimed_generation(path), 0);
	help_write_file(path, (const char *) head, sizeof(head), 0644);
	assert_int_equal(e3_store_claimed_generation(path), HEAD_GENERATION);
	help_write_file(path, "", 0, 0600);
	assert_int_equal(e3_store_claimed_generation(path), 0);
	assert_int_equal(e3_store_claimed_generation(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_of_a_header_claims_a_generation),
		cmocka_unit_test(a_file_claims_a_generation),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
