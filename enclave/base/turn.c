/*
 * base/turn.c
 *	  Threads that compute by turns.
 */
#include "base/turn.h"

#include "base/clock.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct sched_attr of sched_setattr(2), in its first version; the C library has none. */
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

static bool
get(Attributes *attributes)
{
	memset(attributes, 0, sizeof(*attributes));
	return syscall(SYS_sched_getattr, 0, attributes, sizeof(*attributes), 0) == 0;
}

/* The turns that the kernel grants; 0: it does not hear, and does not say. */
static uint64_t
ask(uint64_t ns)
{
	Attributes attributes;

	if (!get(&attributes) || attributes.policy != SCHED_OTHER)
		return 0;
	attributes.size = sizeof(attributes);
	attributes.runtime_ns = ns;
	if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0 || !get(&attributes))
		return 0;
	return attributes.runtime_ns;
}

void
e3_turn_begin(E3Turn *turn, uint64_t ns)
{
	uint64_t granted_ns = ns > 0 ? ask(ns + ns / 4) : 0;

	turn->ns = granted_ns > 0 ? granted_ns / 5 * 4 : UINT64_MAX;
	turn->began_ns = e3_clock_thread_ns();
}

void
e3_turn_check(E3Turn *turn)
{
	uint64_t now_ns;

	if (turn->ns == UINT64_MAX)
		return;
	now_ns = e3_clock_thread_ns();
	if (now_ns - turn->began_ns < turn->ns)
		return;
	(void) sched_yield();
	turn->began_ns = now_ns;
}
