/*
 * client/mux.h
 *	  Many flights on one connection.
 *
 * One is sent at a time; any number are out.  Whoever waits reads for all:
 * replies go to the flights they belong to.  Nothing is raised here but what
 * interrupts demand; the caller then abandons the flight.
 */
#ifndef EVC_MUX_H
#define EVC_MUX_H

#include "postgres.h"

#include "client/conn.h"

/*
 * Sends the whole frame, reading while it cannot write.  Afterwards the flight
 * is out, answered already, or has failed.
 */
extern void evc_mux_send(EvcConn *conn, EvcFlight *flight, const EvcFrame *frame,
						 int64 deadline);

/* Waits until the flight is no longer out; after the deadline it has failed. */
extern void evc_mux_wait(EvcConn *conn, EvcFlight *flight, int64 deadline);

/* Takes replies until the connection is closed or that time has come. */
extern void evc_mux_pause(EvcConn *conn, int64 until);

/* Takes what has come.  False if the connection has been closed. */
extern bool evc_mux_settle(EvcConn *conn);

/*
 * Gives a flight up, whatever its state: one that is out is cancelled, its late
 * reply discarded; one that is partly sent takes the connection with it.
 * Raises nothing and waits for nothing.
 */
extern void evc_mux_abandon(EvcConn *conn, EvcFlight *flight);

#endif /* EVC_MUX_H */
