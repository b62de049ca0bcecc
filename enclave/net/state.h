/*
 * net/state.h
 *	  What the network thread knows; shared by the files of this room only.
 */
#ifndef E3_STATE_H
#define E3_STATE_H

#include "base/latency.h"
#include "net/conn.h"
#include "net/handshake.h"
#include "net/server.h"

typedef struct E3Server E3Server;

/* A descriptor that listens; what "accept" returns is as accept(2) has it. */
typedef struct E3Listener
{
	E3Source source; /* first: the loop hands it back */
	E3Server *server;
	int (*accept)(E3Server *server, int listener);
} E3Listener;

/* The Unix socket, vsock, and addresses of TLS. */
#define E3_LISTENERS_MAX (2 + E3_CONFIG_LISTEN_MAX)

struct E3Server
{
	const E3ServerSetup *setup;
	E3ConnOwner owner; /* of every connection; its context is this server */
	E3Stats stats;
	E3Budget budget;   /* memory of all connections */
	E3Latency latency; /* of turns of the loop */
	E3Latency stops;   /* from telling a worker to stop until it has */
	E3Listener listeners[E3_LISTENERS_MAX];
	uint32_t n_listeners;
	bool has_socket;		  /* the Unix socket's file is there */
	E3TlsContext *tls;		  /* of new connections; a reference; NULL: no TLS */
	E3Handshaker *handshaker; /* NULL: no TLS, or no new connections */
	E3Source handshaken;
	E3Link unread; /* E3Conn: have bytes that epoll does not know of */
	E3Source signals;
	E3Source opened;		/* setup->opened_fd, while there is no pool */
	E3Pool *pool;			/* NULL: keys are not open yet */
	EvwStatus status;		/* of beginning to work */
	E3Source finished;		/* the pool's event descriptor */
	E3Conn *conns;			/* alive */
	E3Conn *dead;			/* to be freed when this turn of the loop is over */
	E3Flow *flow;			/* of the server's own requests */
	uint64_t next_serial;	/* of connections */
	uint64_t started_ns;	/* monotonic clock */
	uint64_t accept_ns;		/* accept no one before; 0: accepting */
	bool draining;			/* no new connection, no new request */
	uint64_t drain_ends_ns; /* valid while draining */
};

/* net/session.c: what a frame means.  An E3ConnOwner.frame. */
extern void e3_session_frame(E3Conn *conn, EvwBuf *body);

/* net/session.c: does what is left to do for a request: ANSWER, END. */
extern void e3_session_settle(E3Server *server, E3Work *work, uint32_t effects);

/* net/session.c: CANCEL or EXPIRE; this is the reply's status if no worker is at it. */
extern void e3_session_tell(E3Server *server, E3Work *work, E3JobEvent event,
							EvwStatus status);

/* net/session.c: a RELOAD of our own, for SIGHUP. */
extern void e3_session_reload(E3Server *server);

/* net/accept.c: takes new connections, refuses those that may not; over TLS, which takes
 * a thread, and else. */
extern EvwStatus e3_accept_start_tls(E3Server *server) EVW_MUST_USE;
extern EvwStatus e3_accept_start(E3Server *server) EVW_MUST_USE;
extern void e3_accept_resume(E3Server *server, uint64_t now_ns);
extern void e3_accept_stop(E3Server *server);

/* net/accept.c: refuses those that are connected and may not be any more.  Ends their
 * works, so not while one is being settled. */
extern void e3_accept_review(E3Server *server);

/* net/accept.c: new certificates, for connections to come. */
extern void e3_accept_use(E3Server *server, E3TlsContext *context);

#endif /* E3_STATE_H */
