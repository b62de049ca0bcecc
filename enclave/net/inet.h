/*
 * net/inet.h
 *	  Listening on TCP and vsock, and noticing peers that have vanished.
 */
#ifndef E3_INET_H
#define E3_INET_H

#include "base/identity.h"
#include "wire/endpoint.h"

/*
 * Bind and listen.  CONFIG, with a line in the log, if it can't be done; there is no
 * descriptor then.  A host is a numeric address: E3 asks no name server.
 */
extern EvwStatus e3_inet_listen(const EvwEndpoint *endpoint, int *fd) EVW_MUST_USE;
extern EvwStatus e3_vsock_listen(uint32_t port, int *fd) EVW_MUST_USE;

/* A new connection, non-blocking, or -1 with errno. */
extern int e3_inet_accept(int fd);
extern int e3_vsock_accept(int fd, E3Identity *peer);

#endif /* E3_INET_H */
