/*
 * engine/c/loop.h
 *	  Doing something again and again for some seconds.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double
loop_clock(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (double) at.tv_sec + (double) at.tv_nsec / 1e9;
}

/* Ends the program unless all went well. */
static inline void
loop_need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "failed: %s\n", what);
	exit(1);
}

/*
 * Calls "once" for some seconds, after it was called once before, and prints the
 * nanoseconds for each of the values that a call works on: by the clock, and of the
 * processor.
 */
static inline void
loop_run(const char *name, double seconds, uint32_t values, void (*once)(void *state),
		 void *state)
{
	uint64_t calls = 0;
	double per_value;
	double used;
	double start;
	double end;

	once(state);
	used = loop_clock(CLOCK_PROCESS_CPUTIME_ID);
	start = loop_clock(CLOCK_MONOTONIC);
	do
	{
		once(state);
		calls++;
		end = loop_clock(CLOCK_MONOTONIC);
	} while (end - start < seconds);
	used = loop_clock(CLOCK_PROCESS_CPUTIME_ID) - used;
	per_value = 1e9 / ((double) calls * values);
	printf("%s %.3f %.3f\n", name, (end - start) * per_value, used * per_value);
}

#endif /* BENCH_LOOP_H */
