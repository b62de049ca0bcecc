/*
 * client/route.c
 *	  Whose reply a frame is.
 */
#include "postgres.h"

#include "client/route.h"

#include "client/buffer.h"
#include "wire/reply.h"

static void
violated(EvcConn *conn, EvwStatus status)
{
	evc_conn_fail(conn, &(EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status});
}

/* ERROR with id 0 is about the connection, which E3 closes after it. */
static void
take_farewell(EvcConn *conn, const EvwMessage *message)
{
	EvwErrorHeader error;
	EvwStatus status = evw_error_decode(message, &error);

	if (status != EVW_OK)
		violated(conn, status);
	else if (error.code == EVW_IDLE_TIMEOUT)
		evc_conn_close(conn);
	else
		evc_conn_fail(conn, &(EvcTrouble){.kind = EVC_TROUBLE_STATUS,
										  .status = (EvwStatus) error.code});
}

/* The request with this id that has gone out whole and waits for its reply. */
static EvcFlight *
find_flight(EvcConn *conn, uint64 id)
{
	dlist_iter iter;

	dlist_foreach (iter, &conn->flights)
	{
		EvcFlight *flight = dlist_container(EvcFlight, node, iter.cur);

		if (flight->id == id && flight->state == EVC_FLIGHT_OUT)
			return flight;
	}
	return NULL;
}

static bool
forget_abandoned(EvcConn *conn, uint64 id)
{
	for (int i = 0; i < conn->n_abandoned; i++)
		if (conn->abandoned[i] == id)
		{
			conn->abandoned[i] = conn->abandoned[--conn->n_abandoned];
			return true;
		}
	return false;
}

/* The body becomes the flight's; the next frame gets another. */
static void
hand_over(EvcConn *conn, EvcFlight *flight, const EvwMessage *message)
{
	dlist_delete(&flight->node);
	conn->n_flights--;
	flight->state = EVC_FLIGHT_ANSWERED;
	flight->message = *message;
	flight->reply = conn->body;
	flight->bytes_received += EVW_FRAME_PREFIX + conn->body.len;
	evc_buffer_take(&conn->body);
}

void
evc_route_frame(EvcConn *conn)
{
	EvwMessage message;
	EvwStatus status =
		evw_message_split((EvwBytes){conn->body.data, conn->body.len}, &message);
	EvcFlight *flight;

	if (status != EVW_OK)
	{
		violated(conn, status);
		return;
	}
	if (message.id == 0 && message.type == EVW_VERB_ERROR)
	{
		take_farewell(conn, &message);
		return;
	}
	flight = find_flight(conn, message.id);
	if (flight != NULL)
		hand_over(conn, flight, &message);
	else if (forget_abandoned(conn, message.id))
		evc_buffer_wipe(&conn->body);
	else
	{
		violated(conn, EVW_OUT_OF_ORDER);
		return;
	}
	evw_frame_start(&conn->reader, &conn->body, EVW_FRAME_MAX);
}
