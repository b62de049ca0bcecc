/*
 * ctl/client.c
 *	  Connect, HELLO, question, answer.
 */
#include "ctl/client.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/version.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENT_NAME "e3ctl " E3_VERSION
#define REQUEST_ID 1

E3ClientResult
e3_client_fail(E3Client *client, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) vsnprintf(client->cause, sizeof(client->cause), format, args);
	va_end(args);
	return E3_CLIENT_FAILED;
}

static E3ClientResult
fail_errno(E3Client *client, const char *what)
{
	return e3_client_fail(client, "%s: %s", what, strerror(errno));
}

/*
 * E3 lets its own uid in, and root may act for it: connects as the socket's
 * owner, which is what the kernel then tells E3.
 */
static int
connect_as_owner(int fd, const struct sockaddr_un *address)
{
	struct stat info;
	bool root = geteuid() == 0;
	int connected;
	int error;

	if (root && stat(address->sun_path, &info) == 0 && seteuid(info.st_uid) != 0)
		return -1;
	connected = connect(fd, (const struct sockaddr *) address, sizeof(*address));
	error = errno;
	if (root && seteuid(0) != 0)
		return -1;
	errno = error;
	return connected;
}

static E3ClientResult
set_nonblocking(E3Client *client)
{
	if (fcntl(client->transport.fd, F_SETFL, O_NONBLOCK) == 0)
		return E3_CLIENT_OK;
	return fail_errno(client, "cannot use the socket");
}

static E3ClientResult
connect_socket(E3Client *client, const char *path)
{
	/* Bounds the wait for a place in the listener's queue. */
	const struct timeval timeout = {.tv_sec = E3_CLIENT_TIMEOUT_MS / 1000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	client->transport =
		e3_transport_plain(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (client->transport.fd < 0 ||
		setsockopt(client->transport.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
				   sizeof(timeout)) != 0)
		return fail_errno(client, "cannot make a socket");
	if (connect_as_owner(client->transport.fd, &address) == 0)
		return set_nonblocking(client);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return E3_CLIENT_ABSENT;
	return fail_errno(client, "cannot connect to E3");
}

/* Waits until the socket is ready for "events" or the time is over. */
static E3ClientResult
wait_ready(E3Client *client, short events)
{
	for (;;)
	{
		struct pollfd ready = {.fd = client->transport.fd, .events = events};
		uint64_t now = e3_clock_ns();
		int left;
		int count;

		if (now >= client->deadline_ns)
			return e3_client_fail(client, "E3 does not answer within %d s",
								  E3_CLIENT_TIMEOUT_MS / 1000);
		left = (int) ((client->deadline_ns - now) / 1000000) + 1;
		count = poll(&ready, 1, left);
		if (count > 0)
			return E3_CLIENT_OK;
		if (count < 0 && errno != EINTR)
			return fail_errno(client, "cannot wait for E3");
	}
}

static E3ClientResult
send_frame(E3Client *client)
{
	E3Transport *transport = &client->transport;
	size_t done = 0;

	if (client->out.status != EVW_OK)
		return e3_client_fail(client, "%s", evw_status_message(client->out.status));
	while (done < client->out.len)
	{
		const struct iovec part = {client->out.data + done, client->out.len - done};
		ssize_t sent = transport->ops->write(transport, &part, 1);
		E3ClientResult result = E3_CLIENT_OK;

		/* E3 may have said why before it closed: the answer is read first. */
		if (sent == E3_IO_GONE)
			return E3_CLIENT_OK;
		if (sent == E3_IO_LATER)
			result = wait_ready(client, POLLOUT);
		if (result != E3_CLIENT_OK)
			return result;
		done += (size_t) sent;
	}
	return E3_CLIENT_OK;
}

/* Some bytes to "at"; *got may be 0. */
static E3ClientResult
receive_some(E3Client *client, uint8_t *at, size_t len, size_t *got)
{
	E3Transport *transport = &client->transport;
	ssize_t count = transport->ops->read(transport, at, len);

	*got = 0;
	if (count == E3_IO_LATER)
		return wait_ready(client, POLLIN);
	if (count == E3_IO_GONE && transport->link != NULL)
		return e3_client_fail(client, "E3 closed the connection (%s)",
							  e3_tls_link_cause(transport->link));
	if (count == E3_IO_GONE)
		return e3_client_fail(client, "E3 closed the connection");
	*got = (size_t) count;
	return E3_CLIENT_OK;
}

static E3ClientResult
receive_message(E3Client *client, EvwMessage *message)
{
	EvwFrameReader reader;
	EvwStatus status = EVW_OK;

	e3_buf_release(&client->in);
	evw_frame_start(&reader, &client->in, EVW_FRAME_MAX);
	while (status == EVW_OK)
	{
		E3ClientResult result;
		uint8_t *at;
		size_t len;

		status = evw_frame_want(&reader, &at, &len);
		if (status != EVW_OK || len == 0)
			break;
		result = receive_some(client, at, len, &len);
		if (result != E3_CLIENT_OK)
			return result;
		status = evw_frame_came(&reader, len);
	}
	if (status == EVW_OK)
		status = evw_message_split((EvwBytes){client->in.data, client->in.len}, message);
	if (status != EVW_OK)
		return e3_client_fail(client, "E3's answer is not understood: %s",
							  evw_status_message(status));
	return E3_CLIENT_OK;
}

static E3ClientResult
fail_error(E3Client *client, const EvwMessage *message)
{
	EvwErrorHeader header;

	if (evw_error_decode(message, &header) != EVW_OK)
		return e3_client_fail(client, "E3's answer is not understood");
	return e3_client_fail(client, "E3 refuses: %.*s (%s)", (int) header.message.len,
						  (const char *) header.message.data,
						  evw_status_name(header.code));
}

/* Sends client->out and takes the answer, which is to be of this type. */
static E3ClientResult
exchange(E3Client *client, EvwVerb expected, uint64_t id, EvwMessage *message)
{
	E3ClientResult result = send_frame(client);

	if (result == E3_CLIENT_OK)
		result = receive_message(client, message);
	if (result != E3_CLIENT_OK)
		return result;
	if (message->type == EVW_VERB_ERROR)
		return fail_error(client, message);
	if (message->type != (uint32_t) expected || message->id != id)
		return e3_client_fail(client, "E3's answer belongs to no question");
	return E3_CLIENT_OK;
}

static E3ClientResult
say_hello(E3Client *client)
{
	const EvwClientHello hello = {.version_min = EVW_PROTOCOL_VERSION,
								  .version_max = EVW_PROTOCOL_VERSION,
								  .client = {(const uint8_t *) CLIENT_NAME,
											 strlen(CLIENT_NAME)}};
	EvwServerHello answer;
	EvwMessage message;
	E3ClientResult result;

	evw_client_hello_encode(&client->out, &hello);
	result = exchange(client, EVW_VERB_HELLO, 0, &message);
	if (result != E3_CLIENT_OK)
		return result;
	if (evw_server_hello_decode(&message, &answer) != EVW_OK)
		return e3_client_fail(client, "E3's HELLO is not understood");
	if (answer.version != EVW_PROTOCOL_VERSION)
		return e3_client_fail(client, "E3 speaks protocol version %u, e3ctl %d",
							  answer.version, EVW_PROTOCOL_VERSION);
	client->inflight_max = answer.inflight_max;
	return E3_CLIENT_OK;
}

/* TCP to the first address that takes it. */
static E3ClientResult
connect_host(E3Client *client, const EvwEndpoint *endpoint)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICSERV,
								   .ai_socktype = SOCK_STREAM};
	E3ClientResult result = E3_CLIENT_ABSENT;
	struct addrinfo *found;
	char port[16];
	int error;

	(void) snprintf(port, sizeof(port), "%u", endpoint->port);
	error = getaddrinfo(endpoint->host, port, &hints, &found);
	if (error != 0)
		return e3_client_fail(client, "%s: %s", endpoint->text, gai_strerror(error));
	for (const struct addrinfo *at = found; at != NULL && result == E3_CLIENT_ABSENT;
		 at = at->ai_next)
	{
		int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		client->transport = e3_transport_plain(fd);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0)
			result = set_nonblocking(client);
		else if (fd >= 0)
		{
			(void) close(fd);
			client->transport.fd = -1;
		}
	}
	freeaddrinfo(found);
	return result;
}

static E3ClientResult
shake_hands(E3Client *client, const E3ClientTarget *target)
{
	const int on = 1;
	int fd = client->transport.fd;
	E3TlsLink *link = e3_tls_link_new_client(target->tls, fd, target->endpoint->host);
	E3ClientResult result = E3_CLIENT_OK;

	if (link == NULL)
		return e3_client_fail(client, "out of memory");
	client->transport = e3_transport_tls(fd, link);
	(void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (result == E3_CLIENT_OK)
	{
		E3TlsStep step = e3_tls_link_handshake(link, NULL);

		if (step == E3_TLS_DONE)
			return E3_CLIENT_OK;
		if (step == E3_TLS_FAILED)
			return e3_client_fail(client, "%s: TLS: %s", target->endpoint->text,
								  e3_tls_link_cause(link));
		result = wait_ready(client, step == E3_TLS_WANTS_READ ? POLLIN : POLLOUT);
	}
	return result;
}

E3ClientResult
e3_client_open_target(E3Client *client, const E3ClientTarget *target)
{
	E3ClientResult result;

	*client = (E3Client){.transport = e3_transport_plain(-1)};
	client->deadline_ns = e3_clock_ns() + E3_CLIENT_TIMEOUT_MS * UINT64_C(1000000);
	e3_buf_init(&client->in);
	e3_buf_init(&client->out);
	if (target->path != NULL)
		result = connect_socket(client, target->path);
	else
		result = connect_host(client, target->endpoint);
	if (result == E3_CLIENT_OK && target->path == NULL)
		result = shake_hands(client, target);
	return result == E3_CLIENT_OK ? say_hello(client) : result;
}

E3ClientResult
e3_client_open(E3Client *client, const char *path)
{
	return e3_client_open_target(client, &(E3ClientTarget){.path = path});
}

E3ClientResult
e3_client_ask(E3Client *client, uint64_t id, EvwMessage *reply)
{
	return exchange(client, EVW_VERB_RESULT, id, reply);
}

E3ClientResult
e3_client_call(E3Client *client, EvwVerb verb, EvwMessage *reply)
{
	const EvwRequestHeader none = {0};

	e3_buf_release(&client->out);
	evw_request_encode_plain(&client->out, verb, REQUEST_ID, &none);
	return e3_client_ask(client, REQUEST_ID, reply);
}

void
e3_client_close(E3Client *client)
{
	if (client->transport.fd >= 0)
		client->transport.ops->close(&client->transport);
	e3_buf_release(&client->in);
	e3_buf_release(&client->out);
}
