/*
 * unit/isolation_test.c
 *	  Names of measures, and sets of them as text.
 */
#include "e3_help.h"

#include <string.h>

#include "base/isolation.h"

static void
each_measure_is_found_by_its_name(void **state)
{
	char text[E3_ISOLATION_TEXT_MAX];

	(void) state;
	for (int i = 0; i < E3_ISOLATION_COUNT; i++)
	{
		assert_true(*e3_isolation_text(E3_ISOLATION_BIT(i), text) != '\0');
		assert_int_equal(e3_isolation_find(text), E3_ISOLATION_BIT(i));
	}
	assert_int_equal(e3_isolation_find(""), 0);
	assert_int_equal(e3_isolation_find("no_cor"), 0);
	assert_int_equal(e3_isolation_find("all"), 0);
}

static void
a_set_is_its_names(void **state)
{
	char text[E3_ISOLATION_TEXT_MAX];

	(void) state;
	assert_string_equal(e3_isolation_text(0, text), "");
	assert_string_equal(e3_isolation_text(E3_ISOLATION_BIT(E3_NO_CORE) |
											  E3_ISOLATION_BIT(E3_SECCOMP),
										  text),
						"no_core seccomp");
	assert_string_equal(e3_isolation_text(E3_ISOLATION_ALL, text),
						"no_core no_trace no_new_privileges no_new_code secret_memory "
						"landlock seccomp own_user");
	/* Bits that have no name have none. */
	assert_string_equal(e3_isolation_text(~E3_ISOLATION_ALL, text), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_measure_is_found_by_its_name),
		cmocka_unit_test(a_set_is_its_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
