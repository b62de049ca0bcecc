/*
 * client/stream.c
 *	  Bytes out of a connection and into it, as far as they are taken.
 */
#include "postgres.h"

#include "client/stream.h"

#include "client/route.h"
#include "client/transport.h"

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
	EvcFlight *flight = conn->sending;
	bool begun;
	ssize_t len;

	if (flight == NULL || conn->cut)
		return false;
	len = evc_transport_write(conn, flight->out, lengthof(flight->out), &begun);
	if (begun)
		flight->begun = true;
	if (len == EVC_IO_LATER)
		return false;
	if (len == EVC_IO_GONE)
		/* E3 may have said why before it closed: stop sending, read on. */
		conn->cut = true;
	else
		advance(conn, (size_t) len);
	return true;
}

bool
evc_stream_pull(EvcConn *conn)
{
	uint8_t *at;
	size_t room;
	ssize_t len;
	EvcTrouble trouble;
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
	len = evc_transport_read(conn, at, room, &trouble);
	if (len == EVC_IO_LATER)
		return false;
	if (len == EVC_IO_GONE)
	{
		evc_conn_fail(conn, &trouble);
		return true;
	}
	status = evw_frame_came(&conn->reader, (size_t) len);
	if (status != EVW_OK)
		evc_conn_fail(conn,
					  &(EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status});
	return true;
}
