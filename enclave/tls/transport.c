/*
 * tls/transport.c
 *	  What carries a connection's bytes: a socket, or TLS on one.
 */
#include "tls/transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

static ssize_t
plain_read(E3Transport *transport, void *at, size_t len)
{
	ssize_t got;

	do
		got = recv(transport->fd, at, len, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return got;
	return got < 0 && would_block() ? E3_IO_LATER : E3_IO_GONE;
}

static ssize_t
plain_write(E3Transport *transport, const struct iovec *parts, size_t count)
{
	const struct msghdr message = {.msg_iov = (struct iovec *) parts,
								   .msg_iovlen = count};
	ssize_t sent;

	do
		sent = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return would_block() ? E3_IO_LATER : E3_IO_GONE;
}

static bool
plain_pending(const E3Transport *transport)
{
	(void) transport;
	return false;
}

static void
plain_shut(E3Transport *transport)
{
	(void) shutdown(transport->fd, SHUT_WR);
}

static void
plain_close(E3Transport *transport)
{
	(void) close(transport->fd);
}

static ssize_t
tls_read(E3Transport *transport, void *at, size_t len)
{
	size_t got;
	E3TlsStep step = e3_tls_link_read(transport->link, at, len, &got);

	transport->wants_write = step == E3_TLS_WANTS_WRITE;
	if (step == E3_TLS_DONE)
		return (ssize_t) got;
	return step == E3_TLS_FAILED ? E3_IO_GONE : E3_IO_LATER;
}

/* Record by record, until the socket is full. */
static ssize_t
tls_write(E3Transport *transport, const struct iovec *parts, size_t count)
{
	ssize_t total = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t sent = 0; sent < parts[i].iov_len;)
		{
			size_t taken;
			E3TlsStep step = e3_tls_link_write(transport->link,
											   (const char *) parts[i].iov_base + sent,
											   parts[i].iov_len - sent, &taken);

			transport->wants_read = step == E3_TLS_WANTS_READ;
			if (step == E3_TLS_FAILED)
				return E3_IO_GONE;
			if (step != E3_TLS_DONE)
				return total > 0 ? total : E3_IO_LATER;
			sent += taken;
			total += (ssize_t) taken;
		}
	return total;
}

static bool
tls_pending(const E3Transport *transport)
{
	return e3_tls_link_pending(transport->link);
}

static void
tls_shut(E3Transport *transport)
{
	e3_tls_link_close(transport->link);
	plain_shut(transport);
}

static void
tls_close(E3Transport *transport)
{
	e3_tls_link_free(transport->link);
	plain_close(transport);
}

static const E3TransportOps plain_ops = {plain_read, plain_write, plain_pending,
										 plain_shut, plain_close};
static const E3TransportOps tls_ops = {tls_read, tls_write, tls_pending, tls_shut,
									   tls_close};

E3Transport
e3_transport_plain(int fd)
{
	return (E3Transport){.ops = &plain_ops, .fd = fd};
}

E3Transport
e3_transport_tls(int fd, E3TlsLink *link)
{
	return (E3Transport){.ops = &tls_ops, .fd = fd, .link = link};
}
