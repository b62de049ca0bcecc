/*
 * client/stream.c
 *	  Bytes out of a connection and into it, as far as the socket takes them.
 */
#include "postgres.h"

#include "client/stream.h"

#include <sys/socket.h>

#include "client/route.h"

/* True if the socket only asks to come back later. */
static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* "len" bytes of the frame have gone out. */
static void
advance(EvcConn *conn, size_t len)
{
	EvcFlight *flight = conn->sending;
	struct iovec *out = flight->out;

	flight->begun = true;
	flight->bytes_sent += len;
	for (int i = 0; i < 2; i++)
	{
		size_t part = Min(len, out[i].iov_len);

		out[i].iov_base = (char *) out[i].iov_base + part;
		out[i].iov_len -= part;
		len -= part;
	}
	if (out[0].iov_len + out[1].iov_len > 0)
		return;
	flight->state = EVC_FLIGHT_OUT;
	conn->sending = NULL;
}

bool
evc_stream_push(EvcConn *conn)
{
	struct msghdr header = {.msg_iovlen = 2};
	ssize_t len;

	if (conn->sending == NULL || conn->cut)
		return false;
	header.msg_iov = conn->sending->out;
	len = sendmsg(conn->sock, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (len > 0)
		advance(conn, (size_t) len);
	else if (len < 0 && would_block())
		return false;
	else if (len < 0 && errno != EINTR)
		/* E3 may have said why before it closed: stop sending, read on. */
		conn->cut = true;
	return true;
}

bool
evc_stream_pull(EvcConn *conn)
{
	uint8_t *at;
	size_t room;
	ssize_t len;
	EvwStatus status = evw_frame_want(&conn->reader, &at, &room);

	if (status != EVW_OK)
	{
		evc_conn_fail(conn, &(EvcTrouble){.kind = EVC_TROUBLE_MEMORY});
		return true;
	}
	if (room == 0)
	{
		evc_route_frame(conn);
		return true;
	}
	len = recv(conn->sock, at, room, MSG_DONTWAIT);
	if (len < 0 && would_block())
		return false;
	if (len > 0)
	{
		status = evw_frame_came(&conn->reader, (size_t) len);
		if (status != EVW_OK)
			evc_conn_fail(conn,
						  &(EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status});
	}
	else if (len == 0 || errno != EINTR)
		evc_conn_fail(conn, &(EvcTrouble){.kind = EVC_TROUBLE_LOST,
										  .errnum = len < 0 ? errno : 0});
	return true;
}
