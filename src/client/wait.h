/*
 * client/wait.h
 *	  The one place where a backend waits for E3.
 *
 * Every wait has a deadline and ends on the latch, E3's socket, the death of
 * the postmaster, and the end of the client's connection, which without this
 * would be noticed only when the statement is over.
 */
#ifndef EVC_WAIT_H
#define EVC_WAIT_H

#include "postgres.h"

#include "storage/latch.h"

/* Points in time are microseconds of a monotonic clock. */
#define EVC_NO_DEADLINE PG_INT64_MAX

extern int64 evc_now_us(void);

/* The time "ms" milliseconds from now. */
extern int64 evc_deadline_after(int ms);

/* Milliseconds left, rounded up; 0 when it has passed; at most INT_MAX. */
extern int evc_deadline_left_ms(int64 deadline);

typedef struct EvcWaiter
{
	WaitEventSet *set; /* NULL: closed */
	int socket_pos;	   /* of E3's socket in the set, -1: none */
	int client_pos;	   /* of the client's socket, -1: none */
	uint32 events;	   /* asked for on E3's socket */
} EvcWaiter;

/*
 * Gets ready to wait for "sock", or for everything but a socket if that is
 * PGINVALID_SOCKET.  Takes one descriptor.  Raises if it can't; close then.
 */
extern void evc_waiter_open(EvcWaiter *waiter, pgsocket sock);
extern void evc_waiter_close(EvcWaiter *waiter);

/*
 * Waits once for "events" (WL_SOCKET_*, ignored without socket), and throws
 * what interrupts demand.  Returns false if the deadline has passed; otherwise
 * something may have happened, and the caller looks again.
 */
extern bool evc_waiter_wait(EvcWaiter *waiter, uint32 events, int64 deadline);

/* Waits for the time alone, and throws what interrupts demand. */
extern void evc_wait_until(int64 until);

/* All the time that this backend has spent waiting for E3. */
extern int64 evc_waited_us(void);

#endif /* EVC_WAIT_H */
