/*
 * unit/generation_test.c
 *	  The number that a keyring must not fall behind: written, read, and believed only
 *	  where nobody else could have written it.
 */
#include "e3_help.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/generation.h"

static void
an_older_keyring_is_refused(void **state)
{
	char dir[PATH_MAX];
	const char *path;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "generation", 0);
	assert_true(e3_generation_write(path, 7));
	assert_status(e3_generation_check(path, 6), EVW_KEYRING_ROLLBACK);
	assert_status(e3_generation_check(path, 0), EVW_KEYRING_ROLLBACK);
	assert_status(e3_generation_check(path, 7), EVW_OK);
	assert_status(e3_generation_check(path, 8), EVW_OK);
	assert_true(e3_generation_write(path, UINT64_MAX));
	assert_status(e3_generation_check(path, UINT64_MAX - 1), EVW_KEYRING_ROLLBACK);
	assert_status(e3_generation_check(path, UINT64_MAX), EVW_OK);
	assert_status(e3_generation_check("", 0), EVW_OK);
}

static void
what_is_no_number_is_no_permission(void **state)
{
	static const char *const texts[] = {"",		  "\n",
										"7",	  " 7\n",
										"7 \n",	  "-7\n",
										"7\n7\n", "18446744073709551616\n",
										"0x7\n"};
	char dir[PATH_MAX];
	const char *path;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "generation", 0);
	assert_status(e3_generation_check(path, UINT64_MAX), EVW_GENERATION);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		help_write_file(path, texts[i], strlen(texts[i]), 0600);
		assert_status(e3_generation_check(path, UINT64_MAX), EVW_GENERATION);
	}
}

/* The file may be root's, so that E3's user cannot write it, who has to read it. */
static void
who_may_not_write_it_may_read_it(void **state)
{
	const mode_t mask = umask(077);
	char dir[PATH_MAX];
	const char *path;
	struct stat info;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "generation", 0);
	for (uint64_t number = 1; number <= 2; number++)
	{
		assert_true(e3_generation_write(path, number));
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0644);
	}
	(void) umask(mask);
}

static void
what_others_may_write_is_not_believed(void **state)
{
	char dir[PATH_MAX];
	const char *path;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "generation", 0);
	help_write_file(path, "7\n", 2, 0644);
	assert_status(e3_generation_check(path, 7), EVW_OK);
	help_write_file(path, "7\n", 2, 0664);
	assert_status(e3_generation_check(path, 7), EVW_GENERATION);
	help_write_file(path, "7\n", 2, 0646);
	assert_status(e3_generation_check(path, 7), EVW_GENERATION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_keyring_is_refused),
		cmocka_unit_test(what_is_no_number_is_no_permission),
		cmocka_unit_test(who_may_not_write_it_may_read_it),
		cmocka_unit_test(what_others_may_write_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
