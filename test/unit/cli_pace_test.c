/*
 * unit/cli_pace_test.c
 *	  Rate, time that is left, and the bar.
 */
#include "wire_help.h"

#include <string.h>

#include "cli/pace.h"

static void
the_first_rate_is_that_of_its_time(void **state)
{
	EvcPace pace;

	(void) state;
	evc_pace_start(&pace, 1000, 500);
	assert_true(evc_pace_eta(&pace, 1000) < 0);
	evc_pace_add(&pace, 3000, 700);
	assert_true(pace.rows_per_second == 100);
	assert_true(evc_pace_eta(&pace, 1000) == 3);
	assert_true(evc_pace_eta(&pace, 700) == 0);
	assert_true(evc_pace_eta(&pace, 10) == 0);
}

static void
the_rate_follows_in_about_ten_seconds(void **state)
{
	EvcPace pace;
	double now = 0;
	long long rows = 0;

	(void) state;
	evc_pace_start(&pace, now, rows);
	for (int i = 0; i < 100; i++)
		evc_pace_add(&pace, now += 100, rows += 100);
	assert_true(pace.rows_per_second > 999 && pace.rows_per_second < 1001);
	for (int i = 0; i < 100; i++)
		evc_pace_add(&pace, now += 100, rows += 10);
	/* After one time constant 1/e of the difference is left. */
	assert_true(pace.rows_per_second > 425 && pace.rows_per_second < 437);
	for (int i = 0; i < 1000; i++)
		evc_pace_add(&pace, now += 100, rows += 10);
	assert_true(pace.rows_per_second > 99 && pace.rows_per_second < 101);
}

static void
odd_times_and_rows_do_no_harm(void **state)
{
	EvcPace pace;

	(void) state;
	evc_pace_start(&pace, 1000, 0);
	evc_pace_add(&pace, 1000, 50);
	assert_true(pace.rows_per_second == 0);
	evc_pace_add(&pace, 900, 50);
	assert_true(pace.rows_per_second == 0);
	evc_pace_add(&pace, 2000, 50);
	evc_pace_add(&pace, 3000, 20);
	assert_true(pace.rows_per_second >= 0 && pace.rows_per_second < 50);
	assert_true(evc_pace_percent(0, 0) == 100);
	assert_true(evc_pace_percent(5, 4) == 100);
	assert_true(evc_pace_percent(1, 4) == 25);
}

static void
check_grouped(long long number, const char *expected)
{
	char text[32];

	evc_grouped(text, sizeof(text), number);
	assert_string_equal(text, expected);
}

static void
digits_are_grouped(void **state)
{
	(void) state;
	check_grouped(0, "0");
	check_grouped(999, "999");
	check_grouped(1000, "1,000");
	check_grouped(-1234567, "-1,234,567");
	check_grouped(-123, "-123");
	check_grouped(INT64_MAX, "9,223,372,036,854,775,807");
}

static void
bars(void **state)
{
	EvcPace pace;
	char bar[EVC_PACE_TEXT_SIZE];

	(void) state;
	evc_pace_start(&pace, 0, 0);
	evc_pace_bar(bar, &pace, 0, 1000);
	assert_string_equal(bar, "[                    ]   0.0 %  0 of 1,000 rows  0 rows/s  "
							 "ETA ?");
	evc_pace_add(&pace, 1000, 250);
	evc_pace_bar(bar, &pace, 250, 1000);
	assert_string_equal(bar, "[#####               ]  25.0 %  250 of 1,000 rows  250 "
							 "rows/s  ETA 0:03");
	evc_pace_bar(bar, &pace, 250, 1000000);
	assert_non_null(strstr(bar, "ETA 1:06:39"));
	evc_pace_bar(bar, &pace, 250, INT64_MAX);
	assert_non_null(strstr(bar, "ETA ?"));
	evc_pace_add(&pace, 2000, 1100);
	evc_pace_bar(bar, &pace, 1100, 1000);
	assert_non_null(strstr(bar, "[####################] 100.0 %  1,100 of 1,000 rows"));
	assert_non_null(strstr(bar, "ETA 0:00"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rate_is_that_of_its_time),
		cmocka_unit_test(the_rate_follows_in_about_ten_seconds),
		cmocka_unit_test(odd_times_and_rows_do_no_harm),
		cmocka_unit_test(digits_are_grouped),
		cmocka_unit_test(bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
