/*
 * client/transport.h
 *	  What carries a connection's bytes: its socket, or TLS on that.
 *
 * Nothing above it knows which.  Nothing here blocks or throws.
 */
#ifndef EVC_TRANSPORT_H
#define EVC_TRANSPORT_H

#include "postgres.h"

#include <sys/uio.h>

#include "client/conn.h"

/* Instead of a count of bytes. */
#define EVC_IO_LATER 0	 /* nothing moves now */
#define EVC_IO_GONE (-1) /* nothing will move any more */

/* GONE: *trouble is LOST, and says why. */
extern ssize_t evc_transport_read(EvcConn *conn, void *at, size_t len,
								  EvcTrouble *trouble);

/*
 * After LATER, *begun says whether part of it counts as sent all the same: nothing but
 * the same bytes may follow.
 */
extern ssize_t evc_transport_write(EvcConn *conn, const struct iovec *parts, int count,
								   bool *begun);

/* What to wait for beside WL_SOCKET_READABLE, to read on. */
extern uint32 evc_transport_events(const EvcConn *conn);

#endif /* EVC_TRANSPORT_H */
