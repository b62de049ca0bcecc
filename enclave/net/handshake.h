/*
 * net/handshake.h
 *	  TLS handshakes, on a thread of their own.
 *
 *	  accepted -> given -> handshake, step by step -> collected by the network thread
 *	                            |
 *	                            +--> failed, took too long, or was pushed out
 *
 * The network thread only hands descriptors over and takes connections back, so
 * what strangers make E3 compute does not delay anybody.  At most
 * E3_HANDSHAKES_MAX are under way, and as many wait for the thread: a new one then
 * pushes the oldest out, so that who stalls keeps nobody else away.
 */
#ifndef E3_HANDSHAKE_H
#define E3_HANDSHAKE_H

#include "tls/link.h"

#define E3_HANDSHAKES_MAX 256

typedef struct E3Handshaker E3Handshaker;

/* One that has succeeded. */
typedef struct E3Handshaken
{
	int fd;
	E3TlsLink *link;
	E3TlsContext *context; /* that it was made under; a reference */
	E3Identity peer;
} E3Handshaken;

/* Starts the thread; NULL if it can't be had.  The context is retained. */
extern E3Handshaker *e3_handshaker_start(E3TlsContext *context, uint64_t timeout_ns);

/* Handshakes that begin from now on use this context, which is retained. */
extern void e3_handshaker_use(E3Handshaker *handshaker, E3TlsContext *context);

/* Readable when there is something to collect. */
extern int e3_handshaker_event_fd(const E3Handshaker *handshaker);

/* Takes over an accepted socket, in any case. */
extern void e3_handshaker_give(E3Handshaker *handshaker, int fd);

/* The next that has succeeded, all of which is the caller's then; false: none. */
extern bool e3_handshaker_collect(E3Handshaker *handshaker, E3Handshaken *done);

/* How many have failed, since start. */
extern uint64_t e3_handshaker_failed(E3Handshaker *handshaker);

/* Ends the thread and whatever is under way. */
extern void e3_handshaker_stop(E3Handshaker *handshaker);

#endif /* E3_HANDSHAKE_H */
