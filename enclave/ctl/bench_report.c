/*
 * ctl/bench_report.c
 *	  What e3ctl bench found: a table for people, JSON for programs.
 */
#include "ctl/bench.h"

#include <stdio.h>

#define US(ns) ((double) (ns) / 1e3)

/* Of a class, or of all together. */
typedef struct Sum
{
	uint64_t values;
	E3BenchTally tally;
} Sum;

static void
add_latency(E3Latency *sum, const E3Latency *latency)
{
	sum->count += latency->count;
	if (latency->max_ns > sum->max_ns)
		sum->max_ns = latency->max_ns;
	for (size_t i = 0; i < E3_LATENCY_BUCKETS; i++)
		sum->buckets[i] += latency->buckets[i];
}

static void
add(Sum *sum, const E3BenchTally *tally, uint32_t values)
{
	sum->values += tally->answered * values;
	sum->tally.sent += tally->sent;
	sum->tally.answered += tally->answered;
	sum->tally.refused += tally->refused;
	sum->tally.wrong += tally->wrong;
	sum->tally.lost += tally->lost;
	sum->tally.unsent += tally->unsent;
	sum->tally.e3_ns += tally->e3_ns;
	sum->tally.cache_hits += tally->cache_hits;
	add_latency(&sum->tally.latency, &tally->latency);
}

static double
seconds_of(const E3BenchCounts *counts)
{
	return counts->elapsed_ns > 0 ? (double) counts->elapsed_ns / 1e9 : 1;
}

/* Microseconds that E3 itself says it took, on average. */
static double
e3_us(const E3BenchTally *tally)
{
	return tally->answered > 0 ? US(tally->e3_ns) / (double) tally->answered : 0;
}

static void
print_row(const char *name, const E3BenchTally *tally)
{
	const E3Latency *latency = &tally->latency;

	printf("%8s %10llu %8llu %8llu %10.1f %10.1f %10.1f %10.1f %10.1f\n", name,
		   (unsigned long long) tally->answered,
		   (unsigned long long) (tally->refused + tally->wrong + tally->lost),
		   (unsigned long long) tally->unsent, US(e3_latency_percentile(latency, 5000)),
		   US(e3_latency_percentile(latency, 9900)),
		   US(e3_latency_percentile(latency, 9990)), US(latency->max_ns), e3_us(tally));
}

static void
print_plan(const E3BenchPlan *plan)
{
	printf("%s, %s, values of %u bytes, %u connection%s, ",
		   e3_bench_verb_name(plan->verb), evw_curve_name(plan->header.curve),
		   plan->value_bytes, plan->connections, plan->connections == 1 ? "" : "s");
	if (plan->rate_from == 0)
		printf("%u in flight on each", plan->in_flight);
	else if (plan->rate_from == plan->rate_to)
		printf("%u requests/s", plan->rate_from);
	else
		printf("%u to %u requests/s", plan->rate_from, plan->rate_to);
	printf(", %u s\n\n", plan->seconds);
}

static void
print_table(const E3BenchPlan *plan, const E3BenchCounts *counts, const Sum *all)
{
	print_plan(plan);
	printf("%8s %10s %8s %8s %10s %10s %10s %10s %10s\n", "values", "answered", "failed",
		   "unsent", "p50 us", "p99 us", "p99.9 us", "max us", "in E3 us");
	for (uint32_t i = 0; i < plan->n_classes; i++)
	{
		char name[16];

		(void) snprintf(name, sizeof(name), "%u", plan->classes[i].values);
		print_row(name, &counts->classes[i]);
	}
	print_row("all", &all->tally);
	printf("\nrequests/s: %.1f\nvalues/s: %.0f\n",
		   (double) all->tally.answered / seconds_of(counts),
		   (double) all->values / seconds_of(counts));
	if (plan->verb == EVW_VERB_DECRYPT)
		printf("keys at hand: %llu of %llu values\n",
			   (unsigned long long) all->tally.cache_hits,
			   (unsigned long long) all->values);
	for (uint32_t i = 0; i < counts->n_errors; i++)
		printf("%s: %llu\n", evw_status_name(counts->errors[i].code),
			   (unsigned long long) counts->errors[i].count);
	if (all->tally.wrong > 0)
		printf("wrong results: %llu\n", (unsigned long long) all->tally.wrong);
	if (all->tally.lost > 0)
		printf("without an answer: %llu\n", (unsigned long long) all->tally.lost);
	if (all->tally.unsent > 0)
		printf("unsent requests count as having waited until the end\n");
	if (counts->connections_lost > 0)
		printf("connections lost: %u\n", counts->connections_lost);
}

static void
print_tally(const E3BenchTally *tally)
{
	const E3Latency *latency = &tally->latency;

	printf("\"sent\": %llu, \"answered\": %llu, \"refused\": %llu, \"wrong\": %llu, "
		   "\"lost\": %llu, \"unsent\": %llu, ",
		   (unsigned long long) tally->sent, (unsigned long long) tally->answered,
		   (unsigned long long) tally->refused, (unsigned long long) tally->wrong,
		   (unsigned long long) tally->lost, (unsigned long long) tally->unsent);
	printf("\"p50_us\": %.3f, \"p99_us\": %.3f, \"p999_us\": %.3f, \"max_us\": %.3f, "
		   "\"e3_us\": %.3f, \"cache_hits\": %llu",
		   US(e3_latency_percentile(latency, 5000)),
		   US(e3_latency_percentile(latency, 9900)),
		   US(e3_latency_percentile(latency, 9990)), US(latency->max_ns), e3_us(tally),
		   (unsigned long long) tally->cache_hits);
}

/* Names are from lists of ours, so nothing in here needs escaping. */
static void
print_json(const E3BenchPlan *plan, const E3BenchCounts *counts, const Sum *all)
{
	printf("{\"verb\": \"%s\", \"curve\": \"%s\", \"value_bytes\": %u, "
		   "\"connections\": %u, \"in_flight\": %u, \"rate\": [%u, %u], "
		   "\"duration_s\": %u, \"elapsed_s\": %.6f, ",
		   e3_bench_verb_name(plan->verb), evw_curve_name(plan->header.curve),
		   plan->value_bytes, plan->connections, plan->in_flight, plan->rate_from,
		   plan->rate_to, plan->seconds, seconds_of(counts));
	printf("\"requests_per_s\": %.3f, \"values\": %llu, \"values_per_s\": %.3f, "
		   "\"connections_lost\": %u, \"errors\": {",
		   (double) all->tally.answered / seconds_of(counts),
		   (unsigned long long) all->values, (double) all->values / seconds_of(counts),
		   counts->connections_lost);
	for (uint32_t i = 0; i < counts->n_errors; i++)
		printf("%s\"%s\": %llu", i > 0 ? ", " : "",
			   evw_status_name(counts->errors[i].code),
			   (unsigned long long) counts->errors[i].count);
	printf("}, \"all\": {");
	print_tally(&all->tally);
	printf("}, \"classes\": [");
	for (uint32_t i = 0; i < plan->n_classes; i++)
	{
		printf("%s{\"values\": %u, ", i > 0 ? ", " : "", plan->classes[i].values);
		print_tally(&counts->classes[i]);
		printf("}");
	}
	printf("]}\n");
}

void
e3_bench_report(const E3BenchPlan *plan, const E3BenchCounts *counts)
{
	static Sum all;

	for (uint32_t i = 0; i < plan->n_classes; i++)
		add(&all, &counts->classes[i], plan->classes[i].values);
	if (plan->json)
		print_json(plan, counts, &all);
	else
		print_table(plan, counts, &all);
}
