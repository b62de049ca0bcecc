/*
 * unit/bench_test.c
 *	  e3ctl bench: options, the schedule, the mix, the counting of errors.
 */
#include "wire_help.h"

#include <math.h>
#include <string.h>

#include "ctl/bench.h"

static E3BenchPlan
planned(E3BenchWords words)
{
	char cause[E3_BENCH_CAUSE_MAX] = "";
	E3BenchPlan plan;

	if (!e3_bench_plan(&words, &plan, cause))
		fail_msg("%s", cause);
	return plan;
}

static void
refused(E3BenchWords words, const char *cause_begins)
{
	char cause[E3_BENCH_CAUSE_MAX] = "";
	E3BenchPlan plan;

	assert_false(e3_bench_plan(&words, &plan, cause));
	if (strncmp(cause, cause_begins, strlen(cause_begins)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", cause, cause_begins);
}

static void
defaults_are_one_of_all(void **state)
{
	E3BenchPlan plan = planned((E3BenchWords){0});

	(void) state;
	assert_null(plan.socket);
	assert_int_equal(plan.connections, 1);
	assert_int_equal(plan.n_classes, 1);
	assert_int_equal(plan.classes[0].values, 1);
	assert_int_equal(plan.in_flight, 1);
	assert_int_equal(plan.rate_from, 0);
	assert_int_equal(plan.verb, EVW_VERB_ENCRYPT);
	assert_int_equal(plan.value_bytes, 32);
	assert_int_equal(plan.seconds, 10);
	assert_memory_equal(plan.header.app.data, "default", 7);
	assert_false(plan.json);
}

static void
words_become_a_plan(void **state)
{
	E3BenchPlan plan = planned((E3BenchWords){.socket = "/s",
											  .connections = "8",
											  .mix = "80:30,18:150,2:2000",
											  .rate = "2-200",
											  .verb = "decrypt",
											  .value_bytes = "0",
											  .per_key = "7",
											  .app = "other",
											  .curve = "secp256k1",
											  .duration = "90",
											  .seed = "5",
											  .json = "yes"});

	(void) state;
	assert_string_equal(plan.socket, "/s");
	assert_int_equal(plan.connections, 8);
	assert_int_equal(plan.n_classes, 3);
	assert_int_equal(plan.classes[2].share, 2);
	assert_int_equal(plan.classes[2].values, 2000);
	assert_int_equal(plan.rate_from, 2);
	assert_int_equal(plan.rate_to, 200);
	/* By the clock, so as many as E3 lets be in flight. */
	assert_int_equal(plan.in_flight, EVW_INFLIGHT_MAX);
	assert_int_equal(plan.verb, EVW_VERB_DECRYPT);
	assert_int_equal(plan.value_bytes, 0);
	assert_int_equal(plan.header.values_per_key, 7);
	assert_int_equal(plan.header.curve, EVW_CURVE_SECP256K1);
	assert_int_equal(plan.seconds, 90);
	assert_int_equal(plan.seed, 5);
	assert_true(plan.json);
	plan = planned((E3BenchWords){.rate = "10", .in_flight = "3"});
	assert_int_equal(plan.in_flight, 3);
	assert_int_equal(plan.rate_to, 10);
}

static void
bad_words_are_refused(void **state)
{
	static const char *const mixes[] = {"",		 "30",		  "1:",
										"1:0",	 "0:1",		  "1:1,",
										"1:1;2", "1:1048577", "1:99999999999",
										"a:1",	 ":1",		  "-1:1",
										"1:1 "};
	static const char *const rates[] = {"",	  "0",	 "1-", "1-0",	 "1-2-3",
										"-1", "1.5", "x",  "1000001"};
	static const char *const numbers[] = {"", "0", "x", "1x", " 1", "-1", "99999999999"};

	(void) state;
	for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++)
		refused((E3BenchWords){.mix = mixes[i]}, "--mix");
	refused((E3BenchWords){.mix = "1:1,1:2,1:3,1:4,1:5,1:6,1:7,1:8,1:9"},
			"--mix: at most");
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		refused((E3BenchWords){.rate = rates[i]}, "--rate");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		refused((E3BenchWords){.connections = numbers[i]}, "--connections");
		refused((E3BenchWords){.in_flight = numbers[i]}, "--in-flight");
		refused((E3BenchWords){.duration = numbers[i]}, "--duration");
	}
	refused((E3BenchWords){.in_flight = "65"}, "--in-flight");
	refused((E3BenchWords){.connections = "1025"}, "--connections");
	refused((E3BenchWords){.duration = "86401"}, "--duration");
	refused((E3BenchWords){.seed = "4294967296"}, "--seed");
	refused((E3BenchWords){.per_key = "1048577"}, "--per-key");
	refused((E3BenchWords){.value_bytes = "67108865"}, "--value-bytes");
	refused((E3BenchWords){.verb = "reload"}, "--verb");
	refused((E3BenchWords){.curve = "p-256"}, "--curve");
	refused((E3BenchWords){.app = "No"}, "--app");
	refused((E3BenchWords){.verb = "health", .mix = "1:1"}, "--mix: health");
	/* Fits alone, but not with what encryption adds. */
	refused((E3BenchWords){.mix = "1:1048576", .value_bytes = "64"}, "--mix: 1048576");
}

/* As many requests are due by the end as the mean rate says, and in order. */
static void
requests_are_due_by_the_clock(void **state)
{
	static const char *const rates[] = {"1", "200", "2-200", "200-2", "1000000"};
	static const uint64_t totals[] = {10, 2000, 1010, 1010, 10000000};

	(void) state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
	{
		E3BenchPlan plan = planned((E3BenchWords){.rate = rates[i], .duration = "10"});
		uint64_t before = 0;

		assert_int_equal(e3_bench_due_ns(&plan, 0), 0);
		for (uint64_t n = 1; n < totals[i]; n += 1 + totals[i] / 2000)
		{
			uint64_t due = e3_bench_due_ns(&plan, n);

			assert_true(due > before);
			assert_true(due < UINT64_C(10000000000));
			before = due;
		}
		assert_true(e3_bench_due_ns(&plan, totals[i] + 1) > UINT64_C(10000000000));
	}
}

static void
a_rate_is_even_and_a_ramp_is_straight(void **state)
{
	E3BenchPlan even = planned((E3BenchWords){.rate = "100", .duration = "10"});
	E3BenchPlan ramp = planned((E3BenchWords){.rate = "2-200", .duration = "90"});

	(void) state;
	for (uint64_t n = 0; n < 1000; n++)
	{
		uint64_t due = e3_bench_due_ns(&even, n);
		uint64_t shall = n * 10000000;

		assert_true(due + 10 > shall && due < shall + 10);
	}
	/* In half of the time a quarter of what the slope adds. */
	for (uint64_t n = 1; n < 9090; n += 100)
	{
		double t = (double) e3_bench_due_ns(&ramp, n) / 1e9;

		assert_true(fabs(2 * t + 1.1 * t * t - (double) n) < 1e-3);
	}
	/* It comes down to nothing, and what is left over is never due. */
	ramp = planned((E3BenchWords){.rate = "1000000-1", .duration = "1"});
	assert_int_equal(e3_bench_due_ns(&ramp, 10000000), UINT64_MAX);
}

static void
the_mix_is_kept(void **state)
{
	E3BenchPlan plan = planned((E3BenchWords){.mix = "80:30,18:150,2:2000"});
	uint32_t counts[3] = {0};
	uint64_t seed = 1;
	uint64_t same = 1;

	(void) state;
	for (int i = 0; i < 100000; i++)
	{
		uint32_t class = e3_bench_pick(&plan, &seed);

		assert_int_equal(class, e3_bench_pick(&plan, &same));
		counts[class]++;
	}
	assert_in_range(counts[0], 79000, 81000);
	assert_in_range(counts[1], 17500, 18500);
	assert_in_range(counts[2], 1800, 2200);
}

/* The first numbers for seed 1234567 as the generator's authors give them. */
static void
random_numbers_are_splitmix64(void **state)
{
	static const uint64_t shall[] = {UINT64_C(6457827717110365317),
									 UINT64_C(3203168211198807973),
									 UINT64_C(9817491932198370423),
									 UINT64_C(4593380528125082431),
									 UINT64_C(16408922859458223821)};
	uint64_t seed = 1234567;

	(void) state;
	for (size_t i = 0; i < sizeof(shall) / sizeof(shall[0]); i++)
		assert_int_equal(e3_bench_random(&seed), shall[i]);
}

static void
errors_are_counted_by_name(void **state)
{
	E3BenchCounts counts = {0};

	(void) state;
	e3_bench_count_error(&counts, EVW_BUSY);
	e3_bench_count_error(&counts, EVW_DEADLINE);
	e3_bench_count_error(&counts, EVW_BUSY);
	assert_int_equal(counts.n_errors, 2);
	assert_int_equal(counts.errors[0].code, EVW_BUSY);
	assert_int_equal(counts.errors[0].count, 2);
	assert_int_equal(counts.errors[1].count, 1);
	/* More kinds than there is room for: none is lost. */
	for (uint32_t code = 1000; code < 1100; code++)
		e3_bench_count_error(&counts, code);
	assert_int_equal(counts.n_errors, E3_BENCH_ERRORS_MAX);
	assert_int_equal(counts.errors[E3_BENCH_ERRORS_MAX - 1].count,
					 100 - (E3_BENCH_ERRORS_MAX - 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_one_of_all),
		cmocka_unit_test(words_become_a_plan),
		cmocka_unit_test(bad_words_are_refused),
		cmocka_unit_test(requests_are_due_by_the_clock),
		cmocka_unit_test(a_rate_is_even_and_a_ramp_is_straight),
		cmocka_unit_test(the_mix_is_kept),
		cmocka_unit_test(random_numbers_are_splitmix64),
		cmocka_unit_test(errors_are_counted_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
