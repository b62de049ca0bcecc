/*
 * net/work.h
 *	  A request in flight: the call, and the connection that waits for it.
 *
 *	  made -> submitted -> collected -> ended
 *	                 \_____________________^
 *	                   withdrawn
 *
 * A connection may go first: its works are abandoned.  Those that no worker is
 * at end at once; the others are marked cancelled, their link is cut, and
 * they end without a reply.
 */
#ifndef E3_WORK_H
#define E3_WORK_H

#include "net/conn.h"
#include "rpc/call.h"
#include "sched/pool.h"

struct E3Work
{
	E3Job job;	  /* first: the pool hands it back; of the connection's flow */
	E3Pool *pool; /* NULL: not submitted */
	E3Conn *conn; /* NULL: nobody waits (abandoned, or E3's own) */
	size_t held;  /* bytes of it and of the reply it will have */
	E3Work *prev; /* connection's list */
	E3Work *next;
	E3Call call;
};

/* Takes over "body"; conn may be NULL, flow not.  NULL when out of memory. */
extern E3Work *e3_work_new(E3Conn *conn, E3Flow *flow, EvwBuf *body);

/* Hands it to the workers; BUSY leaves it the caller's. */
extern EvwStatus e3_work_submit(E3Work *work, E3Pool *pool) EVW_MUST_USE;

/* Takes it back if no worker is at it: true, and it is the caller's again. */
extern bool e3_work_withdraw(E3Work *work);

/* Takes it off its connection, wipes and frees. */
extern void e3_work_end(E3Work *work);

/* The work with this request id; NULL if there is none. */
extern E3Work *e3_work_find(const E3Conn *conn, uint64_t id);

extern void e3_work_cancel(E3Work *work);

/* All works of a connection. */
extern void e3_works_abandon(E3Conn *conn);

#endif /* E3_WORK_H */
