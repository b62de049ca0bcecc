/*
 * base/latency.h
 *	  A histogram of times, from nanoseconds to minutes, in constant memory.
 *
 * Buckets are 1/64 of a power of two wide, so a percentile is known to 1.6 %.
 */
#ifndef E3_LATENCY_H
#define E3_LATENCY_H

#include <stdint.h>

#define E3_LATENCY_BITS 6
#define E3_LATENCY_STEPS (1 << E3_LATENCY_BITS) /* buckets a power of two */
#define E3_LATENCY_BUCKETS (40 * E3_LATENCY_STEPS)

typedef struct E3Latency
{
	uint64_t count;
	uint64_t max_ns;
	uint64_t buckets[E3_LATENCY_BUCKETS];
} E3Latency;

extern void e3_latency_add(E3Latency *latency, uint64_t ns);

/*
 * A time that so many of 10,000 stayed at or below (the upper end of its bucket,
 * but not more than the maximum); 0 if there are none.
 */
extern uint64_t e3_latency_percentile(const E3Latency *latency,
									  uint32_t per_ten_thousand);

#endif /* E3_LATENCY_H */
