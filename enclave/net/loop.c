/*
 * net/loop.c
 *	  epoll, level-triggered.
 */
#include "net/loop.h"

#include "base/clock.h"

#include <stddef.h>
#include <sys/epoll.h>

/* Events taken at a time. */
#define EVENTS_MAX 64

int
e3_loop_new(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

EvwStatus
e3_loop_add(int loop, E3Source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	source->wanted = events;
	return epoll_ctl(loop, EPOLL_CTL_ADD, source->fd, &event) == 0 ? EVW_OK
																   : EVW_INTERNAL;
}

void
e3_loop_want(int loop, E3Source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (source->wanted == events)
		return;
	source->wanted = events;
	/* MOD of a descriptor that is in the set does not fail. */
	(void) epoll_ctl(loop, EPOLL_CTL_MOD, source->fd, &event);
}

void
e3_loop_remove(int loop, E3Source *source)
{
	(void) epoll_ctl(loop, EPOLL_CTL_DEL, source->fd, NULL);
}

uint64_t
e3_loop_run_once(int loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(loop, events, EVENTS_MAX, timeout_ms);
	uint64_t woken_ns = e3_clock_ns();

	for (int i = 0; i < count; i++)
	{
		E3Source *source = events[i].data.ptr;

		source->handle(source, events[i].events);
	}
	return e3_clock_ns() - woken_ns;
}
