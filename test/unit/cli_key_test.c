/*
 * unit/cli_key_test.c
 *	  Ranges of keys as SQL, and arrays as literals.
 */
#include "wire_help.h"

#include <stdlib.h>

#include "cli/key.h"

#define CORE(name, type)                                                                 \
	{                                                                                    \
		name, type, "OPERATOR(pg_catalog.<)", "OPERATOR(pg_catalog.>)",                  \
			"OPERATOR(pg_catalog.<=)", "OPERATOR(pg_catalog.>=)",                        \
			"OPERATOR(pg_catalog.=)"                                                     \
	}
#define OTHER(name, type)                                                                \
	{                                                                                    \
		name, type, "OPERATOR(x.<)", "OPERATOR(x.>)", "OPERATOR(x.<=)",                  \
			"OPERATOR(x.>=)", "OPERATOR(x.=)"                                            \
	}

static const EvcBound none;
static const EvcBound one = {.n = 1, .values = {"1"}};
static const EvcBound two = {.n = 2, .values = {"1", "2"}};

static void
check_range(const EvcKey *key, const EvcBound *lower, const EvcBound *upper,
			int parameters, const char *expected)
{
	EvcText sql = {0};

	assert_int_equal(evc_key_range(&sql, key, lower, upper), parameters);
	assert_string_equal(sql.bytes, expected);
	free(sql.bytes);
}

static void
one_column(void **state)
{
	const EvcKey key = {.n = 1, .columns = {CORE("id", "bigint")}};

	(void) state;
	check_range(&key, &none, &none, 0, " WHERE true");
	check_range(&key, &one, &none, 1, " WHERE (id) OPERATOR(pg_catalog.>) ($1::bigint)");
	check_range(&key, &none, &one, 1, " WHERE (id) OPERATOR(pg_catalog.<=) ($1::bigint)");
	check_range(&key, &one, &one, 2,
				" WHERE (id) OPERATOR(pg_catalog.>) ($1::bigint) AND (id) "
				"OPERATOR(pg_catalog.<=) ($2::bigint)");
}

static void
columns_of_one_family_compare_as_a_row(void **state)
{
	const EvcKey key = {.n = 2, .columns = {CORE("a", "int"), CORE("\"B\"", "text")}};
	EvcText sql = {0};

	(void) state;
	check_range(&key, &two, &two, 4,
				" WHERE (a, \"B\") OPERATOR(pg_catalog.>) ($1::int, $2::text) AND "
				"(a, \"B\") OPERATOR(pg_catalog.<=) ($3::int, $4::text)");
	evc_key_names(&sql, &key);
	evc_text_add(&sql, " / ");
	evc_key_order(&sql, &key);
	assert_string_equal(sql.bytes,
						"a, \"B\" / a USING OPERATOR(pg_catalog.<), \"B\" USING "
						"OPERATOR(pg_catalog.<)");
	free(sql.bytes);
}

/* What a comparison of rows means, so that no row is in two ranges or none. */
static void
columns_of_two_families_compare_step_by_step(void **state)
{
	const EvcKey key = {.n = 2, .columns = {OTHER("a", "x.t"), CORE("b", "int")}};

	(void) state;
	check_range(&key, &two, &none, 2,
				" WHERE (a OPERATOR(x.>=) $1::x.t AND (a OPERATOR(x.>) $1::x.t OR b "
				"OPERATOR(pg_catalog.>) $2::int))");
	check_range(&key, &none, &two, 2,
				" WHERE (a OPERATOR(x.<=) $1::x.t AND (a OPERATOR(x.<) $1::x.t OR b "
				"OPERATOR(pg_catalog.<=) $2::int))");
}

static void
bounds_are_copies(void **state)
{
	EvcBound bound = {0};

	(void) state;
	evc_bound_copy(&bound, &two);
	assert_int_equal(bound.n, 2);
	assert_string_equal(bound.values[1], "2");
	assert_ptr_not_equal(bound.values[1], two.values[1]);
	evc_bound_copy(&bound, &one);
	assert_int_equal(bound.n, 1);
	evc_bound_free(&bound);
	assert_int_equal(bound.n, 0);
}

static void
arrays_quote_their_elements(void **state)
{
	char *const values[] = {"", "a,b", "\"\\{}", "NULL"};
	char *array = evc_text_array(4, values);

	(void) state;
	assert_string_equal(array, "{\"\",\"a,b\",\"\\\"\\\\{}\",\"NULL\"}");
	free(array);
	array = evc_text_array(0, NULL);
	assert_string_equal(array, "{}");
	free(array);
}

static void
text_grows(void **state)
{
	EvcText text = {0};

	(void) state;
	for (int i = 0; i < 1000; i++)
		evc_text_add(&text, "%03d", i);
	assert_int_equal(text.len, 3000);
	assert_memory_equal(text.bytes + 2997, "999", 4);
	free(text.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_column),
		cmocka_unit_test(columns_of_one_family_compare_as_a_row),
		cmocka_unit_test(columns_of_two_families_compare_step_by_step),
		cmocka_unit_test(bounds_are_copies),
		cmocka_unit_test(arrays_quote_their_elements),
		cmocka_unit_test(text_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
