/*
 * client/backoff.h
 *	  When an endpoint that failed may be tried again.
 *
 *	  failed --- retry_at --- avoid_until --->
 *	     not tried   tried if no other   tried as if nothing had happened
 *	                 endpoint will do
 *
 * The first time is short and doubles with each failure, so that an E3 that is
 * back is found soon and one that is not is not stormed.  The second one is
 * proportional to what a try has cost: an endpoint that hangs takes a small part
 * of the time of those who have another.
 */
#ifndef EVC_BACKOFF_H
#define EVC_BACKOFF_H

#include "postgres.h"

/* The longest pause before a try; a random part of up to a quarter comes on top. */
#define EVC_BACKOFF_LAST_MS 400

typedef struct EvcBackoff
{
	int64 pause_us;	   /* before retry_at, without its random part; 0: it did not fail */
	int64 retry_at;	   /* microseconds of client/wait.h's clock */
	int64 avoid_until; /* not before retry_at */
} EvcBackoff;

/* A try, or a request, has failed after so many microseconds. */
extern void evc_backoff_failed(EvcBackoff *backoff, int64 took_us);

extern void evc_backoff_clear(EvcBackoff *backoff);

#endif /* EVC_BACKOFF_H */
