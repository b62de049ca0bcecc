/*
 * client/mux.c
 *	  Many flights on one connection.
 *
 * A turn writes what the socket takes or else reads what it has; when neither
 * moves, it waits for both.  Two sides that only write would wait for each
 * other once both socket buffers are full.
 */
#include "postgres.h"

#include "client/mux.h"

#include "miscadmin.h"

#include "client/stream.h"
#include "client/transport.h"
#include "wire/request.h"

typedef bool (*Done)(const EvcConn *conn, const EvcFlight *flight);

static bool
is_closed(const EvcConn *conn, const EvcFlight *flight)
{
	return conn->sock == PGINVALID_SOCKET;
}

/* E3 refuses more requests in flight than it has said in its HELLO. */
static bool
has_room(const EvcConn *conn, const EvcFlight *flight)
{
	uint32 limit = conn->greeted ? Min(conn->hello.inflight_max, EVW_INFLIGHT_MAX) : 1;
	uint32 taken = conn->n_flights + conn->n_abandoned;

	return is_closed(conn, flight) || taken == 0 || taken < limit;
}

static bool
is_sent(const EvcConn *conn, const EvcFlight *flight)
{
	return flight->state != EVC_FLIGHT_SENDING;
}

static bool
is_back(const EvcConn *conn, const EvcFlight *flight)
{
	return flight->state != EVC_FLIGHT_OUT;
}

static uint32
awaited_events(const EvcConn *conn)
{
	bool writing = conn->sending != NULL && !conn->cut;

	return WL_SOCKET_READABLE | (writing ? WL_SOCKET_WRITEABLE : 0) |
		   evc_transport_events(conn);
}

/* False if the deadline has passed before it was done. */
static bool
run(EvcConn *conn, Done done, const EvcFlight *flight, int64 deadline)
{
	while (!done(conn, flight))
	{
		if (evc_stream_push(conn) || evc_stream_pull(conn))
		{
			CHECK_FOR_INTERRUPTS();
			if (evc_now_us() >= deadline)
				return done(conn, flight);
		}
		else if (!evc_waiter_wait(&conn->waiter, awaited_events(conn), deadline))
			return false;
	}
	return true;
}

static struct iovec
piece(EvwBytes bytes)
{
	return (struct iovec){.iov_base = unconstify(uint8_t *, bytes.data),
						  .iov_len = bytes.len};
}

static void
list(EvcConn *conn, EvcFlight *flight, const EvcFrame *frame)
{
	flight->id = frame->id;
	flight->out[0] = piece(frame->head);
	flight->out[1] = piece(frame->columns);
	flight->begun = false;
	flight->state = EVC_FLIGHT_SENDING;
	dlist_push_tail(&conn->flights, &flight->node);
	conn->n_flights++;
	conn->sending = flight;
}

static void
unlist(EvcConn *conn, EvcFlight *flight)
{
	dlist_delete(&flight->node);
	conn->n_flights--;
	if (conn->sending == flight)
		conn->sending = NULL;
	flight->state = EVC_FLIGHT_FAILED;
	flight->trouble = (EvcTrouble){.kind = EVC_TROUBLE_LOST};
}

static void
time_out(EvcConn *conn, EvcFlight *flight)
{
	evc_mux_abandon(conn, flight);
	flight->state = EVC_FLIGHT_FAILED;
	flight->trouble = (EvcTrouble){.kind = EVC_TROUBLE_TIMEOUT};
}

void
evc_mux_send(EvcConn *conn, EvcFlight *flight, const EvcFrame *frame, int64 deadline)
{
	Assert(conn->sending == NULL);
	if (!run(conn, has_room, flight, deadline))
	{
		time_out(conn, flight);
		return;
	}
	if (is_closed(conn, flight))
	{
		flight->state = EVC_FLIGHT_FAILED;
		flight->trouble = (EvcTrouble){.kind = EVC_TROUBLE_LOST};
		return;
	}
	list(conn, flight, frame);
	if (!run(conn, is_sent, flight, deadline))
		time_out(conn, flight);
}

void
evc_mux_wait(EvcConn *conn, EvcFlight *flight, int64 deadline)
{
	if (!run(conn, is_back, flight, deadline))
		time_out(conn, flight);
}

void
evc_mux_pause(EvcConn *conn, int64 until)
{
	(void) run(conn, is_closed, NULL, until);
}

bool
evc_mux_settle(EvcConn *conn)
{
	while (!is_closed(conn, NULL) && evc_stream_pull(conn))
		CHECK_FOR_INTERRUPTS();
	return !is_closed(conn, NULL);
}

/*
 * Without waiting.  False if the connection is of no more use: part of the
 * CANCEL went out, or none, and nobody else waits for this E3.
 */
static bool
send_cancel(EvcConn *conn, uint64 id)
{
	uint8_t frame[64];
	EvwBuf buf;
	struct iovec part;
	bool begun;
	ssize_t len;

	evw_buf_fixed(&buf, frame, sizeof(frame));
	evw_cancel_encode(&buf, id);
	part = (struct iovec){.iov_base = frame, .iov_len = buf.len};
	len = evc_transport_write(conn, &part, 1, &begun);
	if (len == EVC_IO_LATER)
		return !begun && conn->n_flights > 0;
	return len == (ssize_t) buf.len;
}

void
evc_mux_abandon(EvcConn *conn, EvcFlight *flight)
{
	bool out = flight->state == EVC_FLIGHT_OUT;

	if (flight->state == EVC_FLIGHT_SENDING && flight->begun)
		evc_conn_close(conn);
	else if (out || flight->state == EVC_FLIGHT_SENDING)
		unlist(conn, flight);
	if (out && conn->greeted && conn->sending == NULL && send_cancel(conn, flight->id))
		conn->abandoned[conn->n_abandoned++] = flight->id;
	else if (out)
		evc_conn_close(conn);
}
