/*
 * base/latency.c
 *	  A histogram of times.
 */
#include "base/latency.h"

#include <stddef.h>

/* Short ones have a bucket each; of the others the bits after the first count. */
static size_t
bucket_of(uint64_t ns)
{
	int power;
	size_t bucket;

	if (ns < E3_LATENCY_STEPS)
		return (size_t) ns;
	power = 63 - __builtin_clzll(ns);
	bucket = (size_t) (power - E3_LATENCY_BITS + 1) * E3_LATENCY_STEPS +
			 (size_t) (ns >> (power - E3_LATENCY_BITS)) % E3_LATENCY_STEPS;
	return bucket < E3_LATENCY_BUCKETS ? bucket : E3_LATENCY_BUCKETS - 1;
}

static uint64_t
upper_end(size_t bucket)
{
	size_t power = bucket / E3_LATENCY_STEPS + E3_LATENCY_BITS - 1;
	uint64_t step = bucket % E3_LATENCY_STEPS;

	if (bucket < E3_LATENCY_STEPS)
		return bucket;
	return ((E3_LATENCY_STEPS + step + 1) << (power - E3_LATENCY_BITS)) - 1;
}

void
e3_latency_add(E3Latency *latency, uint64_t ns)
{
	latency->count++;
	if (ns > latency->max_ns)
		latency->max_ns = ns;
	latency->buckets[bucket_of(ns)]++;
}

uint64_t
e3_latency_percentile(const E3Latency *latency, uint32_t per_ten_thousand)
{
	/* Rounded up: at least one. */
	uint64_t wanted = (latency->count * per_ten_thousand + 9999) / 10000;
	uint64_t seen = 0;

	for (size_t i = 0; i < E3_LATENCY_BUCKETS; i++)
	{
		seen += latency->buckets[i];
		/* The last bucket has no end. */
		if (seen >= wanted && seen > 0 && i + 1 < E3_LATENCY_BUCKETS)
			return upper_end(i) < latency->max_ns ? upper_end(i) : latency->max_ns;
	}
	return latency->max_ns;
}
