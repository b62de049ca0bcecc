/*
 * base/clock.h
 *	  Monotonic time for deadlines, wall-clock time for people, and a thread's own.
 */
#ifndef E3_CLOCK_H
#define E3_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed point; never goes back. */
extern uint64_t e3_clock_ns(void);

/* Nanoseconds for which the calling thread has had a processor; a system call. */
extern uint64_t e3_clock_thread_ns(void);

/* Microseconds since 1970. */
extern uint64_t e3_clock_unix_us(void);

#endif /* E3_CLOCK_H */
