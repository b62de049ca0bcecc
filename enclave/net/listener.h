/*
 * net/listener.h
 *	  The Unix socket that E3 listens on, and who is at the other end.
 */
#ifndef E3_LISTENER_H
#define E3_LISTENER_H

#include "base/identity.h"

/*
 * Binds and listens; a socket that nobody listens on any more is replaced,
 * anything else at "path" is left alone.  CONFIG, with a line in the log, if
 * it can't be done; there is no descriptor then.
 */
extern EvwStatus e3_listener_open(const char *path, uint32_t mode, int *fd) EVW_MUST_USE;

/* A new connection, non-blocking, or -1 with errno. */
extern int e3_listener_accept(int fd, E3Identity *peer);

#endif /* E3_LISTENER_H */
