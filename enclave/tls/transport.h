/*
 * tls/transport.h
 *	  What carries a connection's bytes: a socket, or TLS on one.
 *
 * Nothing above it knows which.  Nothing here blocks.
 */
#ifndef E3_TRANSPORT_H
#define E3_TRANSPORT_H

#include "tls/link.h"

#include <sys/uio.h>

/* Instead of a count of bytes. */
#define E3_IO_LATER 0	/* nothing moves now */
#define E3_IO_GONE (-1) /* nothing will move any more */

typedef struct E3TransportOps E3TransportOps;

typedef struct E3Transport
{
	const E3TransportOps *ops;
	int fd;
	E3TlsLink *link;  /* of TLS */
	bool wants_write; /* to read on, it must write first */
	bool wants_read;  /* to write on, it must read first */
} E3Transport;

struct E3TransportOps
{
	ssize_t (*read)(E3Transport *transport, void *at, size_t len);
	/* What was not taken is offered again before anything else. */
	ssize_t (*write)(E3Transport *transport, const struct iovec *parts, size_t count);
	/* Is there something to read that epoll does not know of? */
	bool (*pending)(const E3Transport *transport);
	/* Nothing more will be sent. */
	void (*shut)(E3Transport *transport);
	/* Frees, and closes the descriptor. */
	void (*close)(E3Transport *transport);
};

/* Both take the descriptor over, the second one also the link. */
extern E3Transport e3_transport_plain(int fd);
extern E3Transport e3_transport_tls(int fd, E3TlsLink *link);

#endif /* E3_TRANSPORT_H */
