/*
 * client/dial.c
 *	  From an endpoint to a connected socket.
 */
#include "postgres.h"

#include "client/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

/* After the headers of the C library, whose types it needs. */
#include <linux/vm_sockets.h>

StaticAssertDecl(sizeof(((struct sockaddr_un *) NULL)->sun_path) ==
					 EVW_ENDPOINT_PATH_MAX + 1,
				 "a path that is taken fits");

/*
 * connect() on a Unix socket whose queue is full fails at once instead of
 * waiting, and nothing tells when there is room again.
 */
#define BACKLOG_PAUSE_MS 10

/*
 * An E3 of which nothing has come is probed after two seconds, and gone after two
 * more without an answer; bytes that it does not acknowledge give it four.
 */
#define KEEPALIVE_IDLE_S 2
#define KEEPALIVE_INTERVAL_S 1
#define KEEPALIVE_PROBES 2
#define USER_TIMEOUT_MS 4000

/*
 * Bytes of a Unix socket that are not yet read, of which the kernel grants twice as many,
 * unless the system's limit is lower: a batch of usual values, so that it is out at once,
 * and the backend goes on while E3 reads.
 */
#define SEND_ROOM (512 * 1024)

static int
find_unix(const EvcEndpoint *endpoint, EvcAddress *address)
{
	struct sockaddr_un unix_address = {.sun_family = AF_UNIX};

	strlcpy(unix_address.sun_path, endpoint->path, sizeof(unix_address.sun_path));
	memcpy(&address->address, &unix_address, sizeof(unix_address));
	address->len = sizeof(unix_address);
	return 1;
}

static int
find_vsock(const EvcEndpoint *endpoint, EvcAddress *address)
{
	const struct sockaddr_vm vsock_address = {.svm_family = AF_VSOCK,
											  .svm_cid = endpoint->cid,
											  .svm_port = endpoint->port};

	memcpy(&address->address, &vsock_address, sizeof(vsock_address));
	address->len = sizeof(vsock_address);
	return 1;
}

static int
find_host(const EvcEndpoint *endpoint, EvcAddress *addresses, EvcTrouble *trouble)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICSERV,
								   .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char port[16];
	int count = 0;
	int error;

	snprintf(port, sizeof(port), "%u", endpoint->port);
	error = getaddrinfo(endpoint->host, port, &hints, &found);
	if (error != 0)
	{
		*trouble =
			(EvcTrouble){.kind = EVC_TROUBLE_CONNECT, .cause = gai_strerror(error)};
		return 0;
	}
	for (const struct addrinfo *at = found; at != NULL && count < EVC_ADDRESSES_MAX;
		 at = at->ai_next)
	{
		memcpy(&addresses[count].address, at->ai_addr, at->ai_addrlen);
		addresses[count++].len = at->ai_addrlen;
	}
	freeaddrinfo(found);
	return count;
}

int
evc_dial_find(const EvcEndpoint *endpoint, EvcAddress addresses[EVC_ADDRESSES_MAX],
			  EvcTrouble *trouble)
{
	memset(addresses, 0, sizeof(EvcAddress) * EVC_ADDRESSES_MAX);
	switch (endpoint->kind)
	{
		case EVW_ENDPOINT_TLS:
			return find_host(endpoint, addresses, trouble);
		case EVW_ENDPOINT_VSOCK:
			return find_vsock(endpoint, addresses);
		case EVW_ENDPOINT_UNIX:
			break;
	}
	return find_unix(endpoint, addresses);
}

static bool
set(pgsocket sock, int level, int option, int value)
{
	return setsockopt(sock, level, option, &value, sizeof(value)) == 0;
}

static bool
watch_peer(pgsocket sock)
{
	return set(sock, IPPROTO_TCP, TCP_NODELAY, 1) &&
		   set(sock, SOL_SOCKET, SO_KEEPALIVE, 1) &&
		   set(sock, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
		   set(sock, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S) &&
		   set(sock, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES) &&
		   set(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
}

pgsocket
evc_dial_socket(const EvcAddress *address)
{
	int family = address->address.ss_family;
	pgsocket sock = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (sock != PGINVALID_SOCKET && family == AF_UNIX)
		(void) set(sock, SOL_SOCKET, SO_SNDBUF, SEND_ROOM);
	if (sock == PGINVALID_SOCKET || (family != AF_INET && family != AF_INET6) ||
		watch_peer(sock))
		return sock;
	close(sock);
	return PGINVALID_SOCKET;
}

/* Until it is worth to try again; false if the deadline has passed. */
static bool
wait_for_progress(pgsocket sock, EvcWaiter *waiter, int64 deadline, int error)
{
	if (error != EAGAIN)
	{
		if (waiter->set == NULL)
			evc_waiter_open(waiter, sock);
		return evc_waiter_wait(waiter, WL_SOCKET_WRITEABLE, deadline);
	}
	if (evc_deadline_left_ms(deadline) == 0)
		return false;
	if (waiter->set == NULL)
		evc_waiter_open(waiter, PGINVALID_SOCKET);
	(void) evc_waiter_wait(waiter, 0,
						   Min(deadline, evc_deadline_after(BACKLOG_PAUSE_MS)));
	return true;
}

bool
evc_dial(pgsocket sock, const EvcAddress *address, EvcWaiter *waiter, int64 deadline,
		 EvcTrouble *trouble)
{
	/* Asked again, connect() says what became of it. */
	while (connect(sock, (const struct sockaddr *) &address->address, address->len) != 0)
	{
		int error = errno;

		if (error == EISCONN)
			break;
		if (error == EINTR)
			continue;
		if (error != EAGAIN && error != EINPROGRESS && error != EALREADY)
		{
			*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT, .errnum = error};
			return false;
		}
		if (!wait_for_progress(sock, waiter, deadline, error))
		{
			*trouble = (EvcTrouble){.kind = EVC_TROUBLE_CONNECT_TIMEOUT};
			return false;
		}
	}
	return true;
}
