/*
 * net/inet.c
 *	  Listening on TCP and vsock, and noticing peers that have vanished.
 */
#include "net/inet.h"

#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After the headers of the C library, whose types it needs. */
#include <linux/vm_sockets.h>

#define BACKLOG 512

/*
 * A peer of which nothing has come is probed after two seconds, and gone after
 * two more without an answer; bytes that it does not acknowledge give it four.  The
 * kernel looks at that when its timers fire, which may be some seconds later.
 */
#define KEEPALIVE_IDLE_S 2
#define KEEPALIVE_INTERVAL_S 1
#define KEEPALIVE_PROBES 2
#define USER_TIMEOUT_MS 4000

static EvwStatus
refuse(const char *endpoint, const char *cause, int fd)
{
	e3_log(E3_LOG_ERROR, "listen_failed", "endpoint=\"%s\" cause=\"%s\"", endpoint,
		   cause);
	if (fd >= 0)
		close(fd);
	return EVW_CONFIG;
}

static bool
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static EvwStatus
listen_at(const char *endpoint, const struct sockaddr *address, socklen_t len, int *fd)
{
	int made = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (made < 0)
		return refuse(endpoint, strerror(errno), made);
	/* "[::]" means IPv6 alone: whoever wants both names both. */
	if ((address->sa_family == AF_INET6 && !set(made, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
		(address->sa_family != AF_VSOCK && !set(made, SOL_SOCKET, SO_REUSEADDR, 1)) ||
		bind(made, address, len) != 0 || listen(made, BACKLOG) != 0)
		return refuse(endpoint, strerror(errno), made);
	*fd = made;
	e3_log(E3_LOG_INFO, "listening", "endpoint=\"%s\"", endpoint);
	return EVW_OK;
}

EvwStatus
e3_inet_listen(const EvwEndpoint *endpoint, int *fd)
{
	const struct addrinfo hints = {.ai_flags =
									   AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
								   .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char port[16];
	int error;
	EvwStatus status;

	(void) snprintf(port, sizeof(port), "%u", endpoint->port);
	error = getaddrinfo(endpoint->host, port, &hints, &found);
	if (error != 0)
		return refuse(endpoint->text, "the host must be a numeric address", -1);
	status = listen_at(endpoint->text, found->ai_addr, found->ai_addrlen, fd);
	freeaddrinfo(found);
	return status;
}

EvwStatus
e3_vsock_listen(uint32_t port, int *fd)
{
	const struct sockaddr_vm address = {.svm_family = AF_VSOCK,
										.svm_cid = VMADDR_CID_ANY,
										.svm_port = port};
	char name[32];

	(void) snprintf(name, sizeof(name), "vsock:any:%u", port);
	return listen_at(name, (const struct sockaddr *) &address, sizeof(address), fd);
}

int
e3_inet_accept(int fd)
{
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (accepted < 0)
		return -1;
	if (set(accepted, IPPROTO_TCP, TCP_NODELAY, 1) &&
		set(accepted, SOL_SOCKET, SO_KEEPALIVE, 1) &&
		set(accepted, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
		set(accepted, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S) &&
		set(accepted, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES) &&
		set(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS))
		return accepted;
	/* Reset meanwhile: as if it had not come. */
	close(accepted);
	errno = ECONNABORTED;
	return -1;
}

int
e3_vsock_accept(int fd, E3Identity *peer)
{
	struct sockaddr_vm address = {0};
	socklen_t len = sizeof(address);
	int accepted =
		accept4(fd, (struct sockaddr *) &address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	*peer = (E3Identity){.kind = E3_IDENTITY_VSOCK, .cid = address.svm_cid};
	return accepted;
}
