/*
 * client/exchange.h
 *	  One frame out, its reply in, on a connection with nothing else to do.
 */
#ifndef EVC_EXCHANGE_H
#define EVC_EXCHANGE_H

#include "postgres.h"

#include "client/conn.h"

/*
 * Sends the frame and waits for the message with the same id, which is in
 * flight->message until evc_exchange_end.  Returns false with *trouble if that
 * fails.  Unless it succeeds, and when an interrupt is thrown, the connection
 * is closed.
 */
extern bool evc_exchange(EvcConn *conn, const EvcFrame *frame, int64 deadline,
						 EvcFlight *flight, EvcTrouble *trouble);

/* Wipes the reply. */
extern void evc_exchange_end(EvcFlight *flight);

#endif /* EVC_EXCHANGE_H */
