/*
 * client/connect.h
 *	  From a list of endpoints to a connection that has exchanged HELLO.
 */
#ifndef EVC_CONNECT_H
#define EVC_CONNECT_H

#include "postgres.h"

#include "client/conn.h"

/*
 * Tries the endpoints in order until one is connected; all together within
 * evcrypt.connect_timeout, of which each gets an equal part of what is left.
 * On failure *trouble is that of the last endpoint, with a detail that names
 * them all, and the connection is closed.  When an interrupt is thrown, the
 * caller closes the connection.
 */
extern bool evc_connect(EvcConn *conn, const EvcEndpoint *endpoints, int count,
						EvcTrouble *trouble);

#endif /* EVC_CONNECT_H */
