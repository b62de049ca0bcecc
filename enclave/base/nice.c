/*
 * base/nice.c
 *	  Threads that give way to others.
 *
 * With fewer processors than threads that have something to do, the network thread
 * would wait milliseconds for its turn.
 */
#include "base/nice.h"

#include <sys/resource.h>
#include <unistd.h>

void
e3_be_nice(int by)
{
	id_t self = (id_t) gettid();

	/* Failing does no harm. */
	(void) setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + by);
}
