/*
 * client/backoff.c
 *	  When an endpoint that failed may be tried again.
 */
#include "postgres.h"

#include "client/backoff.h"

#include "common/pg_prng.h"

#include "client/wait.h"

#define US_PER_MS 1000
#define FIRST_US (5 * US_PER_MS)
#define LAST_US (EVC_BACKOFF_LAST_MS * US_PER_MS)

/* An endpoint is avoided so many times as long as a try has taken. */
#define AVOID_FACTOR 10
#define AVOID_LAST_US (30 * 1000 * US_PER_MS)

/* Backends that failed together should not come back together. */
static int64
jitter(int64 us)
{
	return us + (int64) pg_prng_uint64_range(&pg_global_prng_state, 0, us / 4);
}

void
evc_backoff_failed(EvcBackoff *backoff, int64 took_us)
{
	int64 now = evc_now_us();
	int64 avoid_us = Min(took_us * AVOID_FACTOR, AVOID_LAST_US);

	backoff->pause_us =
		backoff->pause_us == 0 ? FIRST_US : Min(backoff->pause_us * 2, LAST_US);
	backoff->retry_at = now + jitter(backoff->pause_us);
	backoff->avoid_until = Max(backoff->retry_at, now + jitter(avoid_us));
}

void
evc_backoff_clear(EvcBackoff *backoff)
{
	*backoff = (EvcBackoff){0};
}
