/*
 * net/conn.h
 *	  One connection: bytes to frames, replies to bytes.
 *
 *	        accepted            HELLO                 refused, drained
 *	  ---> E3_CONN_HELLO ---> E3_CONN_READY ---> E3_CONN_LINGERING ---> E3_CONN_DEAD
 *	             |                  |     peer gone, stalled               ^
 *	             +------------------+---------------------------------------+
 *
 * A lingering connection takes no more requests: what was to be sent goes out,
 * then E3 closes its side and waits a moment for the peer to close, so that
 * the last frame arrives.  All of this happens on the network thread.
 */
#ifndef E3_CONN_H
#define E3_CONN_H

#include "base/identity.h"
#include "net/budget.h"
#include "net/loop.h"
#include "net/stats.h"
#include "policy/principal.h"
#include "sched/job.h"
#include "tls/transport.h"
#include "wire/frame.h"

typedef enum E3ConnState
{
	E3_CONN_HELLO,
	E3_CONN_READY,
	E3_CONN_LINGERING,
	E3_CONN_DEAD
} E3ConnState;

typedef struct E3Conn E3Conn;
typedef struct E3Work E3Work;

/* Who a connection belongs to, and what it tells. */
typedef struct E3ConnOwner
{
	/* A whole frame has come; takes over the bytes of "body". */
	void (*frame)(E3Conn *conn, EvwBuf *body);
	/* The connection is dead; it is freed by the owner, but not in this call. */
	void (*dead)(E3Conn *conn);
	int loop;
	E3Stats *stats;
	E3Budget *budget;
	E3Link *unread; /* connections to be read without an event */
	void *context;
	uint64_t hello_timeout_ns;
	uint64_t frame_timeout_ns;
	uint64_t idle_timeout_ns;
} E3ConnOwner;

/* One frame on its way out. */
typedef struct E3Out
{
	struct E3Out *next;
	EvwBuf buf;
	size_t sent;
} E3Out;

struct E3Conn
{
	E3Source source; /* first: the loop hands it back */
	const E3ConnOwner *owner;
	E3ConnState state;
	E3Transport transport; /* of source.fd */
	E3TlsContext *tls;	   /* that it was made under; a reference; NULL: no TLS */
	E3Link unread;		   /* in the owner's list while the transport has bytes to read */
	E3Identity peer;
	E3Principal *principal; /* from HELLO on; owned */
	uint64_t serial;		/* for the log */
	E3Stats own;			/* what of the counters is this connection's */

	/* Both HELLOs, whole frames, for evidence: theirs, so long, then ours. */
	EvwBuf hellos;
	size_t their_hello;

	EvwFrameReader frame;
	EvwBuf body;

	E3Out *out_first;
	E3Out **out_last;
	uint32_t n_out;	  /* how many there are */
	size_t out_bytes; /* memory that they hold */
	uint64_t sent_ns; /* last time a byte went out, or began to wait */

	E3Flow *flow; /* for its requests; owned */
	/* Requests in flight; kept by net/work.c. */
	E3Work *works;
	uint32_t n_works;
	size_t work_bytes; /* memory that they hold, and that their replies will */
	E3Share share;	   /* of the memory budget */
	bool paused;	   /* too much is held: nothing is read */

	uint64_t active_ns; /* last time a byte came or a request ended */
	uint64_t frame_ns;	/* when the frame being read began, or went on */

	E3Conn *prev; /* owner's list */
	E3Conn *next;
};

/*
 * Takes over what the transport has, also on failure (NULL).  The connection's requests
 * are of this party.
 */
extern E3Conn *e3_conn_new(const E3ConnOwner *owner, E3Transport *transport,
						   const E3Identity *peer, E3Party *party, uint64_t serial);

/* Frees a dead connection. */
extern void e3_conn_free(E3Conn *conn);

/* Sends a frame, now or as the peer takes it; takes over its bytes. */
extern void e3_conn_send(E3Conn *conn, EvwBuf *buf);

/* Sends ERROR with id 0, then lingers.  For what can't be answered otherwise. */
extern void e3_conn_refuse(E3Conn *conn, EvwStatus status);

/* Takes no more requests; closes when everything is out. */
extern void e3_conn_linger(E3Conn *conn);

/* Gone at once. */
extern void e3_conn_kill(E3Conn *conn);

/* Looks at the clock: refuses or kills a connection that took too long. */
extern void e3_conn_check_time(E3Conn *conn, uint64_t now_ns);

/* Requests in flight changed: reads on, or pauses while they hold too much. */
extern void e3_conn_update(E3Conn *conn);

#endif /* E3_CONN_H */
