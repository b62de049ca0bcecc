/*
 * client/route.h
 *	  Whose reply a frame is.
 */
#ifndef EVC_ROUTE_H
#define EVC_ROUTE_H

#include "postgres.h"

#include "client/conn.h"

/*
 * A frame is complete: it goes to the flight with its id, its bytes and all, or
 * is discarded if that has been abandoned.  Anything else closes the connection.
 */
extern void evc_route_frame(EvcConn *conn);

#endif /* EVC_ROUTE_H */
