/*
 * client/conn.h
 *	  One connection to E3: a non-blocking socket, perhaps TLS on it, and what is known
 *	  of it.
 *
 * Frames are read by one reader, whoever waits, so reading can stop anywhere
 * and go on later.  A frame that is partly written cannot: if an error is thrown
 * then, the connection is closed.  A request wholly sent is given up with
 * CANCEL, and its late reply is discarded by its id.
 */
#ifndef EVC_CONN_H
#define EVC_CONN_H

#include "postgres.h"

#include "client/flight.h"
#include "client/tls.h"
#include "client/wait.h"
#include "guc.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/limits.h"

/*
 * Requests given up whose replies have not come yet; with more, closing the
 * connection is the better cancel, unless other requests wait for theirs.
 */
#define EVC_ABANDONED_MAX 8

typedef struct EvcConn
{
	pgsocket sock; /* PGINVALID_SOCKET: closed, nothing below counts */
	pid_t owner;   /* process that opened it */
	EvcTls tls;
	uint64 tls_serial; /* of the settings that it was made with */
	EvcWaiter waiter;
	bool greeted;			   /* HELLO has been exchanged */
	bool trusted;			   /* and E3 has shown what it must: values may be sent */
	bool attested;			   /* that was evidence */
	uint64 attestation_serial; /* of the settings that say what it must */
	int64 renew_at;			   /* when it must show it again, by evc_now_us, */
	int64 renew_at_s;		   /* and by the system's clock, seconds since 1970 */
	bool leaving;			   /* this E3 takes no new requests */
	uint64 next_id;			   /* ids below have been issued */
	dlist_head flights;		   /* being sent, or sent and not answered */
	int n_flights;
	EvcFlight *sending; /* of those, the one being sent */
	bool cut;			/* the rest of it will never be taken */
	int n_abandoned;
	uint64 abandoned[EVW_INFLIGHT_MAX]; /* ids whose replies are discarded */
	EvwFrameReader reader;
	EvwBuf body;		  /* of the frame being read */
	EvwServerHello hello; /* limits of this E3 */
	/* Both HELLOs as they went, which evidence is bound to: ours, then E3's. */
	size_t our_hello;
	size_t their_hello;
	uint8_t hellos[2 * (EVW_FRAME_PREFIX + EVW_HELLO_FRAME_MAX)];
} EvcConn;

#define EVC_CONN_CLOSED                                                                  \
	{                                                                                    \
		.sock = PGINVALID_SOCKET                                                         \
	}

/*
 * Connects the socket, TLS and all.  On failure *trouble is CONNECT or CONNECT_TIMEOUT
 * and the connection is closed; when an interrupt is thrown, the caller closes it. HELLO
 * is the caller's.
 */
extern bool evc_conn_open(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
						  EvcTrouble *trouble);

/*
 * Closes; what was in flight has failed with this trouble.  Never fails, sends
 * nothing, may be called in any state.
 */
extern void evc_conn_fail(EvcConn *conn, const EvcTrouble *trouble);

/* The same; what was in flight is lost. */
extern void evc_conn_close(EvcConn *conn);

/* Can another request be sent on it? */
extern bool evc_conn_usable(const EvcConn *conn);

#endif /* EVC_CONN_H */
