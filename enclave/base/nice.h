/*
 * base/nice.h
 *	  Threads that give way to others.
 */
#ifndef E3_NICE_H
#define E3_NICE_H

#include <stdint.h>

/* Adds to the niceness of the calling thread, which on Linux is its own. */
extern void e3_be_nice(int by);

/*
 * Asks the kernel for turns on the processor of so many nanoseconds for the calling
 * thread: sched_setattr(2), heard by Linux 6.12 and later, which takes 0.1 to 100 ms.
 */
extern void e3_take_turns(uint64_t ns);

/*
 * The calling thread's turn is over, which the kernel would notice at its next tick,
 * up to 10 ms later: whoever waits for the processor has it now, if it is their turn.
 */
extern void e3_end_turn(void);

#endif /* E3_NICE_H */
