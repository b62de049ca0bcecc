/*
 * client/exchange.c
 *	  One frame out, its reply in, on a connection with nothing else to do.
 */
#include "postgres.h"

#include "client/exchange.h"

#include "client/buffer.h"
#include "client/mux.h"

bool
evc_exchange(EvcConn *conn, const EvcFrame *frame, int64 deadline, EvcFlight *flight,
			 EvcTrouble *trouble)
{
	*flight = (EvcFlight){.state = EVC_FLIGHT_IDLE};
	PG_TRY();
	{
		evc_mux_send(conn, flight, frame, deadline);
		evc_mux_wait(conn, flight, deadline);
	}
	PG_CATCH();
	{
		/* The flight is gone when this is caught further up. */
		evc_conn_close(conn);
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (flight->state == EVC_FLIGHT_ANSWERED)
		return true;
	*trouble = flight->trouble;
	evc_conn_close(conn);
	return false;
}

void
evc_exchange_end(EvcFlight *flight)
{
	evc_buffer_give(&flight->reply);
}
