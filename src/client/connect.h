/*
 * client/connect.h
 *	  From an endpoint to a connection that has exchanged HELLO, and shown evidence.
 */
#ifndef EVC_CONNECT_H
#define EVC_CONNECT_H

#include "postgres.h"

#include "client/conn.h"

/*
 * Connects, exchanges HELLO and, if evcrypt.attestation says so, sees E3's evidence:
 * the connection is trusted.  On failure *trouble is CONNECT, CONNECT_TIMEOUT, EVIDENCE
 * or what E3 said, and the connection is closed.  When an interrupt is thrown, the caller
 * closes the connection.  Raises EV006 if settings about evidence do not do.
 */
extern bool evc_connect(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
						EvcTrouble *trouble);

#endif /* EVC_CONNECT_H */
