/*
 * client/connect.h
 *	  From an endpoint to a connection that has exchanged HELLO.
 */
#ifndef EVC_CONNECT_H
#define EVC_CONNECT_H

#include "postgres.h"

#include "client/conn.h"

/*
 * Connects and exchanges HELLO.  On failure *trouble is CONNECT, CONNECT_TIMEOUT or
 * what E3 said, and the connection is closed.  When an interrupt is thrown, the
 * caller closes the connection.
 */
extern bool evc_connect(EvcConn *conn, const EvcEndpoint *endpoint, int64 deadline,
						EvcTrouble *trouble);

#endif /* EVC_CONNECT_H */
