/*
 * base/clock.h
 *	  Monotonic time for deadlines, wall-clock time for people.
 */
#ifndef E3_CLOCK_H
#define E3_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed point; never goes back. */
extern uint64_t e3_clock_ns(void);

/* Microseconds since 1970. */
extern uint64_t e3_clock_unix_us(void);

#endif /* E3_CLOCK_H */
