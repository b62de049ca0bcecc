/*
 * client/exchange.h
 *	  One frame out, its reply in.
 */
#ifndef EVC_EXCHANGE_H
#define EVC_EXCHANGE_H

#include "postgres.h"

#include "client/conn.h"
#include "wire/message.h"

/* A frame in two pieces: prefix, type, id and header; and the columns. */
typedef struct EvcFrame
{
	uint64 id; /* of the request; 0: HELLO */
	EvwBytes head;
	EvwBytes columns;
} EvcFrame;

/*
 * Sends the frame and waits for the message with the same id, reading while it
 * writes.  "reply" receives the message, which points into it.
 *
 * Returns false with *trouble if that fails: after TIMEOUT the request has been
 * given up, after anything else the connection is closed.  When an interrupt is
 * thrown, the caller calls evc_conn_abandon.
 */
extern bool evc_exchange(EvcConn *conn, const EvcFrame *frame, int64 deadline,
						 EvwBuf *reply, EvwMessage *message, EvcTrouble *trouble);

/*
 * Takes what has come on an idle connection, into "reply" (empty before and
 * after): late replies are discarded.  Returns false, with the connection
 * closed, if E3 has ended it, or if it is not between two frames.
 */
extern bool evc_exchange_settle(EvcConn *conn, EvwBuf *reply);

#endif /* EVC_EXCHANGE_H */
