/*
 * ctl/bench_schedule.c
 *	  When requests are due, and which.
 */
#include "ctl/bench.h"

#include <math.h>

#define NS_PER_SECOND 1e9

/*
 * n = from * t + slope / 2 * t^2, solved for t in the form that loses nothing
 * where the slope is small or none.
 */
uint64_t
e3_bench_due_ns(const E3BenchPlan *plan, uint64_t n)
{
	double from = plan->rate_from;
	double slope = ((double) plan->rate_to - from) / plan->seconds;
	double square = from * from + 2 * slope * (double) n;
	double seconds;

	/* The rate came down to nothing before. */
	if (square < 0)
		return UINT64_MAX;
	seconds = 2 * (double) n / (from + sqrt(square));
	return (uint64_t) (seconds * NS_PER_SECOND);
}

uint64_t
e3_bench_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t
e3_bench_pick(const E3BenchPlan *plan, uint64_t *seed)
{
	uint64_t sum = 0;
	uint64_t at;
	uint32_t i;

	for (i = 0; i < plan->n_classes; i++)
		sum += plan->classes[i].share;
	at = e3_bench_random(seed) % sum;
	for (i = 0; at >= plan->classes[i].share; i++)
		at -= plan->classes[i].share;
	return i;
}
