/*
 * base/turn.h
 *	  Threads that compute by turns: who waits for the processor has it in between.
 *
 * The kernel looks at its ticks, 1 to 10 ms apart, whether a thread's turn is over, and
 * does not run one that wakes up after it has had more than its share: the network
 * thread would wait for workers so long.
 */
#ifndef E3_TURN_H
#define E3_TURN_H

#include <stdint.h>

typedef struct E3Turn
{
	uint64_t ns;	   /* of the processor's time; UINT64_MAX: it has no end */
	uint64_t began_ns; /* on the thread's clock */
} E3Turn;

/*
 * Asks the kernel for turns of so many nanoseconds, and some for what takes longer, for
 * the calling thread, which alone uses *turn: sched_setattr(2), which Linux before 6.12
 * does not hear, and which takes 0.1 to 100 ms.  0, a kernel that does not hear, and a
 * policy other than SCHED_OTHER leave the thread as it is, and its turns without end:
 * Linux counts all of a turn that is given away, and one of its own length would cost
 * most of the thread's share.
 */
extern void e3_turn_begin(E3Turn *turn, uint64_t ns);

/* If the turn is used up, gives the processor away, and begins the next. */
extern void e3_turn_check(E3Turn *turn);

#endif /* E3_TURN_H */
