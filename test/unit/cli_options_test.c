/*
 * unit/cli_options_test.c
 *	  The command line: what is taken, what is refused, and the limits.
 */
#include "wire_help.h"

#include <stdarg.h>

#include "cli/options.h"

#define WORDS_MAX 24

static EvcCli cli;
static const char *command;
static char trouble[256];

/* Reads words up to NULL. */
static EvcOptionsResult
read_words(const char *word, ...)
{
	char *words[WORDS_MAX] = {"evcrypt"};
	int n = 1;
	va_list more;

	va_start(more, word);
	for (; word != NULL && n < WORDS_MAX - 1; word = va_arg(more, const char *))
		words[n++] = (char *) word;
	va_end(more);
	return evc_read_options(&cli, &command, trouble, sizeof(trouble), n, words);
}

#define READ(...) read_words(__VA_ARGS__, NULL)
#define JOB "migrate", "--table", "t", "--column", "c"

static void
defaults(void **state)
{
	(void) state;
	assert_int_equal(READ(JOB), EVC_OPTIONS_RUN);
	assert_string_equal(command, "migrate");
	assert_string_equal(cli.job.table, "t");
	assert_string_equal(cli.job.column, "c");
	assert_int_equal(cli.job.action, EVC_ACTION_RUN);
	assert_int_equal(cli.job.batch_rows, 4096);
	assert_int_equal(cli.job.workers, 1);
	assert_int_equal(cli.job.lock_timeout_ms, 1000);
	assert_null(cli.job.context);
	assert_false(cli.json || cli.job.skip_triggers);
}

static void
what_is_given_is_taken(void **state)
{
	(void) state;
	assert_int_equal(READ(JOB, "--to", "d", "--type", "int", "--context", "id",
						  "--batch-rows", "100000", "--workers", "64"),
					 EVC_OPTIONS_RUN);
	assert_string_equal(cli.job.to, "d");
	assert_string_equal(cli.job.type, "int");
	assert_string_equal(cli.job.context, "id");
	assert_int_equal(cli.job.batch_rows, 100000);
	assert_int_equal(cli.job.workers, 64);
	assert_int_equal(READ(JOB, "--json", "--skip-triggers", "dbname=x"), EVC_OPTIONS_RUN);
	assert_true(cli.json && cli.job.skip_triggers);
	assert_string_equal(cli.dbname, "dbname=x");
}

static void
actions(void **state)
{
	(void) state;
	assert_int_equal(READ(JOB, "--dry-run"), EVC_OPTIONS_RUN);
	assert_int_equal(cli.job.action, EVC_ACTION_DRY_RUN);
	assert_int_equal(READ(JOB, "--verify"), EVC_OPTIONS_RUN);
	assert_int_equal(cli.job.action, EVC_ACTION_VERIFY);
	assert_int_equal(READ(JOB, "--finish", "swap"), EVC_OPTIONS_RUN);
	assert_int_equal(cli.job.action, EVC_ACTION_SWAP);
	assert_int_equal(READ(JOB, "--finish", "drop"), EVC_OPTIONS_RUN);
	assert_int_equal(cli.job.action, EVC_ACTION_DROP);
	assert_int_equal(READ(JOB, "--abandon"), EVC_OPTIONS_RUN);
	assert_int_equal(cli.job.action, EVC_ACTION_ABANDON);
	assert_int_equal(READ(JOB, "--finish", "swap", "--verify"), EVC_OPTIONS_WRONG);
	assert_int_equal(READ(JOB, "--finish", "nothing"), EVC_OPTIONS_WRONG);
	assert_string_equal(trouble, "neither swap nor drop: nothing");
}

static void
wrong(void **state)
{
	(void) state;
	assert_int_equal(READ("migrate", "--table", "t"), EVC_OPTIONS_WRONG);
	assert_int_equal(READ("rotate", "--table", "t", "--column", "c", "--to", "x"),
					 EVC_OPTIONS_WRONG);
	assert_int_equal(READ("rotate", "--table", "t", "--column", "c", "--type", "x"),
					 EVC_OPTIONS_WRONG);
	assert_int_equal(READ("rotate", "--table", "t", "--column", "c", "--finish", "swap"),
					 EVC_OPTIONS_WRONG);
	assert_int_equal(READ(JOB, "--workers", "65"), EVC_OPTIONS_WRONG);
	assert_int_equal(READ(JOB, "--workers", "0"), EVC_OPTIONS_WRONG);
	assert_int_equal(READ(JOB, "--batch-rows", "100001"), EVC_OPTIONS_WRONG);
	assert_int_equal(READ(JOB, "--lock-timeout-ms", "86400001"), EVC_OPTIONS_WRONG);
	assert_int_equal(READ(JOB, "a", "b"), EVC_OPTIONS_WRONG);
	assert_string_equal(trouble, "too many words: b");
	assert_int_equal(READ("--json"), EVC_OPTIONS_WRONG);
	assert_string_equal(trouble, "no command");
	assert_int_equal(READ("--help"), EVC_OPTIONS_HELP);
	assert_int_equal(READ("doctor", "--json"), EVC_OPTIONS_RUN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(what_is_given_is_taken),
		cmocka_unit_test(actions),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
