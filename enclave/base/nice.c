/*
 * base/nice.c
 *	  Threads that give way to others.
 *
 * With fewer processors than threads that have something to do, the network thread
 * would wait milliseconds for its turn.
 */
#include "base/nice.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct sched_attr of sched_setattr(2), as long as it was at first: the C library has
 * none. */
typedef struct Attributes
{
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns;
	uint64_t deadline_ns;
	uint64_t period_ns;
} Attributes;

void
e3_be_nice(int by)
{
	id_t self = (id_t) gettid();

	/* Failing does no harm. */
	(void) setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + by);
}

void
e3_take_turns(uint64_t ns)
{
	Attributes attributes;

	memset(&attributes, 0, sizeof(attributes));
	if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0 ||
		attributes.policy != SCHED_OTHER)
		return;
	attributes.size = sizeof(attributes);
	attributes.runtime_ns = ns;
	/* Failing leaves all as it was. */
	(void) syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void
e3_end_turn(void)
{
	(void) sched_yield();
}
