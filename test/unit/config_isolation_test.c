/*
 * unit/config_isolation_test.c
 *	  The section [isolation] of the configuration.
 */
#include "e3_help.h"

#include <string.h>

#include "config.h"

#define MINIMAL                                                                          \
	"[e3]\n"                                                                             \
	"socket = /run/e3.sock\n"                                                            \
	"[keyring]\n"                                                                        \
	"file = /k/ring\n"                                                                   \
	"passphrase_file = /k/phrase\n"                                                      \
	"[isolation]\n"

static E3Config config;
static E3ConfigError error;

static EvwStatus
parse(const char *text)
{
	return e3_config_parse(text, strlen(text), "e3.conf", &config, &error);
}

static void
nothing_is_required_unless_it_is_said(void **state)
{
	(void) state;
	assert_status(parse(MINIMAL), EVW_OK);
	assert_int_equal(config.isolation_require, 0);
	assert_int_equal(config.isolation_leave_out, 0);
}

static void
measures_are_required_or_left_out(void **state)
{
	(void) state;
	assert_status(parse(MINIMAL "require = seccomp ,no_core\nleave_out = landlock\n"),
				  EVW_OK);
	assert_int_equal(config.isolation_require,
					 E3_ISOLATION_BIT(E3_SECCOMP) | E3_ISOLATION_BIT(E3_NO_CORE));
	assert_int_equal(config.isolation_leave_out, E3_ISOLATION_BIT(E3_LANDLOCK));
	assert_status(parse(MINIMAL "require = all\n"), EVW_OK);
	assert_int_equal(config.isolation_require, E3_ISOLATION_ALL);
	assert_status(parse(MINIMAL "leave_out = all\n"), EVW_OK);
	assert_int_equal(config.isolation_leave_out, E3_ISOLATION_OPTIONAL);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{MINIMAL "leave_out = seccomp, no_core\n",
		 "e3.conf:7: [isolation] leave_out: no_core cannot be left out"},
		{MINIMAL "require = sandbox\n",
		 "e3.conf:7: [isolation] require: must be names of "
		 "measures, comma separated"},
		{MINIMAL "require =\n", "e3.conf:7: [isolation] require: must be names of "
								"measures, comma separated"},
		{MINIMAL "require = all\nleave_out = seccomp\n",
		 "e3.conf:8: [isolation] leave_out: names what is required"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		assert_status(parse(wrong[i][0]), EVW_CONFIG);
		assert_string_equal(error.text, wrong[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_required_unless_it_is_said),
		cmocka_unit_test(measures_are_required_or_left_out),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
