/*
 * net/work.h
 *	  A request in flight: the call, and the connection that waits for it.
 *
 * sched/transitions.h says what may happen to it.  A connection may go first: its
 * works are abandoned.  Those that no worker is at end at once; the workers of the
 * others are told to stop, their link is cut, and they end without a reply.
 */
#ifndef E3_WORK_H
#define E3_WORK_H

#include "net/conn.h"
#include "rpc/call.h"
#include "sched/pool.h"

struct E3Work
{
	E3Job job;			 /* first: the pool hands it back; of the connection's flow */
	E3Pool *pool;		 /* that it was submitted to */
	E3Conn *conn;		 /* NULL: nobody waits (abandoned, or E3's own) */
	size_t held;		 /* bytes of it and of the reply it will have */
	uint64_t stopped_ns; /* when its worker was told to stop; 0: it was not */
	E3Work *prev;		 /* connection's list */
	E3Work *next;
	E3Call call;
};

/* Takes over "body"; conn may be NULL, flow not.  NULL when out of memory. */
extern E3Work *e3_work_new(E3Conn *conn, E3Flow *flow, EvwBuf *body);

/* When its request is known: the memory that it and its reply will take. */
extern size_t e3_work_weigh(const E3Work *work);

/* Hands it to the workers, as brief if it is a request of values in so many bytes at
 * most; returns as e3_pool_submit. */
extern uint32_t e3_work_submit(E3Work *work, E3Pool *pool,
							   size_t brief_bytes) EVW_MUST_USE;

/* e3_pool_tell; what is left to do is ANSWER, END or HANG_UP. */
extern uint32_t e3_work_tell(E3Work *work, E3JobEvent event) EVW_MUST_USE;

/* Takes it off its connection, wipes and frees. */
extern void e3_work_end(E3Work *work);

/* The work with this request id; NULL if there is none. */
extern E3Work *e3_work_find(const E3Conn *conn, uint64_t id);

/* All works of a connection: it has gone. */
extern void e3_works_abandon(E3Conn *conn);

#endif /* E3_WORK_H */
