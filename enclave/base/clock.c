/*
 * base/clock.c
 *	  The three clocks.
 */
#include "base/clock.h"

#include <time.h>

static uint64_t
read_clock(clockid_t id, uint64_t per_second)
{
	struct timespec now;

	/* Cannot fail: these clocks exist on every Linux. */
	(void) clock_gettime(id, &now);
	return (uint64_t) now.tv_sec * per_second +
		   (uint64_t) now.tv_nsec / (UINT64_C(1000000000) / per_second);
}

uint64_t
e3_clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC, UINT64_C(1000000000));
}

uint64_t
e3_clock_thread_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID, UINT64_C(1000000000));
}

uint64_t
e3_clock_unix_us(void)
{
	return read_clock(CLOCK_REALTIME, UINT64_C(1000000));
}
