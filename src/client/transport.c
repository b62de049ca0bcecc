/*
 * client/transport.c
 *	  What carries a connection's bytes: its socket, or TLS on that.
 */
#include "postgres.h"

#include "client/transport.h"

#include <sys/socket.h>

#include "storage/latch.h"

/* True if the socket only asks to come back later. */
static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

static ssize_t
plain_read(EvcConn *conn, void *at, size_t len, EvcTrouble *trouble)
{
	ssize_t got;

	do
		got = recv(conn->sock, at, len, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return got;
	if (got < 0 && would_block())
		return EVC_IO_LATER;
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_LOST, .errnum = got < 0 ? errno : 0};
	return EVC_IO_GONE;
}

ssize_t
evc_transport_read(EvcConn *conn, void *at, size_t len, EvcTrouble *trouble)
{
	if (conn->tls.ssl != NULL)
		return evc_tls_read(&conn->tls, at, len, trouble);
	return plain_read(conn, at, len, trouble);
}

static ssize_t
plain_write(EvcConn *conn, const struct iovec *parts, int count)
{
	const struct msghdr header = {.msg_iov = unconstify(struct iovec *, parts),
								  .msg_iovlen = count};
	ssize_t sent;

	do
		sent = sendmsg(conn->sock, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return would_block() ? EVC_IO_LATER : EVC_IO_GONE;
}

/* The first part that has bytes; the others have their turn. */
static ssize_t
tls_write(EvcConn *conn, const struct iovec *parts, int count, bool *begun)
{
	for (int i = 0; i < count; i++)
		if (parts[i].iov_len > 0)
			return evc_tls_write(&conn->tls, parts[i].iov_base, parts[i].iov_len, begun);
	return EVC_IO_LATER;
}

ssize_t
evc_transport_write(EvcConn *conn, const struct iovec *parts, int count, bool *begun)
{
	*begun = false;
	if (conn->tls.ssl != NULL)
		return tls_write(conn, parts, count, begun);
	return plain_write(conn, parts, count);
}

uint32
evc_transport_events(const EvcConn *conn)
{
	return conn->tls.ssl != NULL && conn->tls.wants_write ? WL_SOCKET_WRITEABLE : 0;
}
