/*
 * net/loop.h
 *	  epoll, and whom an event is for.
 */
#ifndef E3_LOOP_H
#define E3_LOOP_H

#include "wire/status.h"

#include <stdint.h>

/* Gets its events (EPOLLIN, ...) on the network thread. */
typedef struct E3Source E3Source;
typedef void (*E3SourceHandler)(E3Source *source, uint32_t events);

struct E3Source
{
	int fd;
	uint32_t wanted; /* events asked for */
	E3SourceHandler handle;
};

/* A new epoll descriptor, or -1. */
extern int e3_loop_new(void);

/* INTERNAL if the kernel refuses. */
extern EvwStatus e3_loop_add(int loop, E3Source *source, uint32_t events) EVW_MUST_USE;

/* Asks for other events; no system call if nothing changes. */
extern void e3_loop_want(int loop, E3Source *source, uint32_t events);

extern void e3_loop_remove(int loop, E3Source *source);

/*
 * Waits at most timeout_ms (-1: for ever) and hands out what has come.  Returns how
 * many nanoseconds that took after the wait: so long a new event may have waited.
 */
extern uint64_t e3_loop_run_once(int loop, int timeout_ms);

#endif /* E3_LOOP_H */
