/*
 * net/work.h
 *	  A request in flight: the call, and the connection that waits for it.
 *
 *	  made -> submitted -> collected -> ended
 *
 * A connection may go first: its works are abandoned (marked cancelled, their
 * link cut) and end without a reply.
 */
#ifndef E3_WORK_H
#define E3_WORK_H

#include "net/conn.h"
#include "rpc/call.h"
#include "sched/job.h"

struct E3Work
{
	E3Job job;	  /* first: the pool hands it back */
	E3Conn *conn; /* NULL: nobody waits (abandoned, or E3's own) */
	E3Work *prev; /* connection's list */
	E3Work *next;
	E3Call call;
};

/* Takes over "body"; conn may be NULL.  NULL when out of memory. */
extern E3Work *e3_work_new(E3Conn *conn, EvwBuf *body);

/* Takes it off its connection, wipes and frees. */
extern void e3_work_end(E3Work *work);

/* The work with this request id; NULL if there is none. */
extern E3Work *e3_work_find(const E3Conn *conn, uint64_t id);

extern void e3_work_cancel(E3Work *work);

/* All works of a connection. */
extern void e3_works_abandon(E3Conn *conn);

#endif /* E3_WORK_H */
