/*
 * client/conn.h
 *	  One connection to E3: a non-blocking Unix socket and what is known of it.
 *
 * A connection is suspect while a frame is partly written or partly read: if an
 * error is thrown then, nobody knows where the next frame begins, and it is
 * closed.  Otherwise a request in flight is given up with CANCEL, and its late
 * reply is discarded by its id.
 */
#ifndef EVC_CONN_H
#define EVC_CONN_H

#include "postgres.h"

#include "client/trouble.h"
#include "client/wait.h"
#include "guc.h"
#include "wire/hello.h"

/*
 * Requests given up whose replies have not come yet; with more, closing the
 * connection is the better cancel, and E3's limit in flight is far away.
 */
#define EVC_ABANDONED_MAX 8

typedef struct EvcConn
{
	pgsocket sock; /* PGINVALID_SOCKET: closed, nothing below counts */
	pid_t owner;   /* process that opened it */
	EvcWaiter waiter;
	bool greeted; /* HELLO has been exchanged */
	bool suspect;
	uint64 next_id;		  /* ids below have been issued */
	uint64 in_flight;	  /* request wholly sent and not answered; 0: none */
	int abandoned;		  /* requests given up whose replies have not come */
	EvwServerHello hello; /* limits of this E3 */
	int64 bytes_sent;	  /* summed up, as waiter.waited_us is */
	int64 bytes_received;
} EvcConn;

#define EVC_CONN_CLOSED                                                                  \
	{                                                                                    \
		.sock = PGINVALID_SOCKET                                                         \
	}

/*
 * Connects the socket.  On failure *trouble is CONNECT or CONNECT_TIMEOUT and
 * the connection is closed; when an interrupt is thrown, the caller closes it.
 * HELLO is the caller's.
 */
extern bool evc_conn_open(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
						  EvcTrouble *trouble);

/* Never fails, sends nothing, may be called in any state. */
extern void evc_conn_close(EvcConn *conn);

/* Open, of this process, greeted, clean, and not burdened with abandoned requests? */
extern bool evc_conn_usable(const EvcConn *conn);

/*
 * Gives up what was going on: CANCEL for a request in flight, or the end of a
 * connection that is suspect, not greeted, or does not take the CANCEL at once.
 */
extern void evc_conn_abandon(EvcConn *conn);

#endif /* EVC_CONN_H */
