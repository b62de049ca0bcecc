/*
 * unit/latency_test.c
 *	  The histogram of times.
 */
#include "wire_help.h"

#include "base/latency.h"

static void
percentiles_are_close(void **state)
{
	static E3Latency latency;

	(void) state;
	assert_int_equal(e3_latency_percentile(&latency, 9900), 0);
	for (uint64_t i = 1; i <= 100000; i++)
		e3_latency_add(&latency, i * 100);
	for (uint32_t part = 1; part <= 10000; part++)
	{
		uint64_t exact = (uint64_t) part * 1000;
		uint64_t found = e3_latency_percentile(&latency, part);

		assert_true(found >= exact && found <= exact + exact / 63 + 1);
	}
	assert_int_equal(latency.max_ns, 10000000);
	assert_int_equal(e3_latency_percentile(&latency, 10000), 10000000);
}

static void
any_time_has_a_bucket(void **state)
{
	(void) state;
	for (int power = 0; power < 64; power++)
		for (int around = -1; around <= 1; around++)
		{
			E3Latency latency = {0};
			uint64_t ns = (UINT64_C(1) << power) + (uint64_t) around;

			e3_latency_add(&latency, ns);
			assert_int_equal(e3_latency_percentile(&latency, 9999), ns);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_close),
		cmocka_unit_test(any_time_has_a_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
