/*
 * client/stream.h
 *	  Bytes out of a connection and into it, as far as the socket takes them.
 */
#ifndef EVC_STREAM_H
#define EVC_STREAM_H

#include "postgres.h"

#include "client/conn.h"

/* Writes some of the frame being sent; false if nothing can be written now. */
extern bool evc_stream_push(EvcConn *conn);

/*
 * Reads some of what has come, and hands a complete frame on; false if there is
 * nothing to read now.  The connection may be closed afterwards.
 */
extern bool evc_stream_pull(EvcConn *conn);

#endif /* EVC_STREAM_H */
