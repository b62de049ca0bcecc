/*
 * net/stream.h
 *	  Moving bytes between a connection's socket and its frames.
 */
#ifndef E3_STREAM_H
#define E3_STREAM_H

#include "net/conn.h"

/* Memory that a frame on its way out holds. */
extern size_t e3_out_bytes(const E3Out *out);

/* Reads what is there, but not so much that others wait; hands out frames. */
extern void e3_stream_read(E3Conn *conn);

/* Writes as much as the peer takes; false if it is gone. */
extern bool e3_stream_write(E3Conn *conn);

#endif /* E3_STREAM_H */
