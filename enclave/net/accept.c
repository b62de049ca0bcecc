/*
 * net/accept.c
 *	  New connections: who may come, and how many.
 */
#include "net/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/inet.h"
#include "net/listener.h"
#include "wire/reply.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Out of descriptors: leave the backlog alone for a moment instead of spinning. */
#define ACCEPT_PAUSE_NS UINT64_C(100000000)

/* Connections taken before others get their turn. */
#define ACCEPT_TURN 64

/*
 * Connections above the limit that are told so, after a handshake or over vsock; more
 * are closed without a word.
 */
#define REFUSED_MAX 64

/* Of so many connections one is not for who has all the others. */
#define CONNECTIONS_SPARE 16

static void
count_refused(E3Server *server, const E3Identity *peer, EvwStatus status)
{
	E3Audit *audit = server->setup->shared->audit;
	const E3AuditRecord record = {.peer = peer,
								  .operation = "connect",
								  .verdict = status};
	char name[E3_IDENTITY_TEXT_MAX];

	server->stats.connections_refused++;
	if (audit != NULL)
		e3_audit_post(audit, &record);
	e3_log(E3_LOG_WARNING, "peer_refused", "peer=%s status=%s",
		   e3_identity_text(peer, name), evw_status_name(status));
}

/* The refusal fits any Unix socket's buffer, so it needs no connection of its own. */
static void
turn_away(E3Server *server, E3Transport *transport, const E3Identity *peer,
		  EvwStatus status)
{
	uint8_t bytes[EVW_MESSAGE_MAX];
	struct iovec part = {.iov_base = bytes};
	EvwBuf buf;

	evw_buf_fixed(&buf, bytes, sizeof(bytes));
	evw_error_encode_status(&buf, 0, status);
	part.iov_len = buf.len;
	if (transport->ops->write(transport, &part, 1) < 0)
		e3_log(E3_LOG_DEBUG, "refusal_unsent", "fd=%d", transport->fd);
	transport->ops->close(transport);
	count_refused(server, peer, status);
}

/* All connections of a peer are one party to the scheduler.  A reference. */
static E3Party *
party_of(const E3Server *server, const E3Identity *peer)
{
	for (const E3Conn *conn = server->conns; conn != NULL; conn = conn->next)
		if (e3_identity_equal(&conn->peer, peer))
			return e3_party_retain(conn->flow->party);
	return e3_party_new();
}

static E3Conn *
add(E3Server *server, E3Transport *transport, const E3Identity *peer)
{
	E3Party *party = party_of(server, peer);
	E3Conn *conn;

	if (party == NULL)
	{
		transport->ops->close(transport);
		return NULL;
	}
	conn = e3_conn_new(&server->owner, transport, peer, party, ++server->next_serial);
	e3_party_release(party);
	if (conn == NULL)
		return NULL;
	conn->next = server->conns;
	if (conn->next != NULL)
		conn->next->prev = conn;
	server->conns = conn;
	server->stats.connections_accepted++;
	server->stats.connections_open++;
	return conn;
}

static uint32_t
connections_of(const E3Server *server, const E3Identity *peer)
{
	uint32_t count = 0;

	for (const E3Conn *conn = server->conns; conn != NULL; conn = conn->next)
		count += e3_identity_equal(&conn->peer, peer);
	return count;
}

/* One peer leaves some to the others, and to who administers. */
static EvwStatus
admit(const E3Server *server, const E3Identity *peer)
{
	const E3Config *config = server->setup->config;
	uint32_t spare = config->connections / CONNECTIONS_SPARE;

	if (!e3_config_allows(config, peer))
		return EVW_PEER_REFUSED;
	if (server->stats.connections_open >= config->connections ||
		(server->stats.connections_open >= config->connections - 2 * spare &&
		 connections_of(server, peer) >= config->connections - spare))
		return EVW_TOO_MANY_CONNECTIONS;
	return EVW_OK;
}

/* NULL if it was refused. */
static E3Conn *
take(E3Server *server, E3Transport transport, const E3Identity *peer)
{
	EvwStatus status = admit(server, peer);
	E3Conn *conn;

	if (status != EVW_OK && (peer->kind == E3_IDENTITY_UID ||
							 server->stats.connections_open >=
								 server->setup->config->connections + REFUSED_MAX))
	{
		turn_away(server, &transport, peer, status);
		return NULL;
	}
	conn = add(server, &transport, peer);
	if (conn == NULL || status == EVW_OK)
		return conn;
	count_refused(server, peer, status);
	e3_conn_refuse(conn, status);
	return NULL;
}

/* The access list has changed: it is for those that are connected as well. */
void
e3_accept_review(E3Server *server)
{
	E3Conn *next;

	for (E3Conn *conn = server->conns; conn != NULL; conn = next)
	{
		next = conn->next;
		if (conn->state == E3_CONN_LINGERING ||
			e3_config_allows(server->setup->config, &conn->peer))
			continue;
		count_refused(server, &conn->peer, EVW_PEER_REFUSED);
		e3_conn_refuse(conn, EVW_PEER_REFUSED);
	}
}

static int
accept_unix(E3Server *server, int listener)
{
	E3Identity peer;
	int fd = e3_listener_accept(listener, &peer);

	if (fd >= 0)
		(void) take(server, e3_transport_plain(fd), &peer);
	return fd;
}

static int
accept_vsock(E3Server *server, int listener)
{
	E3Identity peer;
	int fd = e3_vsock_accept(listener, &peer);

	if (fd >= 0)
		(void) take(server, e3_transport_plain(fd), &peer);
	return fd;
}

static int
accept_tls(E3Server *server, int listener)
{
	int fd = e3_inet_accept(listener);

	if (fd >= 0)
		e3_handshaker_give(server->handshaker, fd);
	return fd;
}

static void
handle_listener(E3Source *source, uint32_t events)
{
	E3Listener *listener = (E3Listener *) source;
	E3Server *server = listener->server;

	(void) events;
	for (int i = 0; i < ACCEPT_TURN; i++)
	{
		if (listener->accept(server, source->fd) >= 0)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		{
			e3_log(E3_LOG_WARNING, "accept_paused", "cause=\"%s\"", strerror(errno));
			server->accept_ns = e3_clock_ns() + ACCEPT_PAUSE_NS;
			e3_loop_want(server->owner.loop, source, 0);
		}
		return;
	}
}

/* Handshakes that have succeeded. */
static void
handle_handshaken(E3Source *source, uint32_t events)
{
	E3Server *server = E3_LINK_OWNER(E3Server, handshaken, source);
	E3Handshaken done;

	(void) events;
	while (e3_handshaker_collect(server->handshaker, &done))
	{
		E3Conn *conn = take(server, e3_transport_tls(done.fd, done.link), &done.peer);

		if (conn != NULL)
			conn->tls = e3_tls_context_retain(done.context);
		e3_tls_context_release(done.context);
	}
}

/* Adds a listener for a descriptor; closes that if it can't. */
static EvwStatus
add_listener(E3Server *server, int fd, int (*accept)(E3Server *server, int listener))
{
	E3Listener *listener = &server->listeners[server->n_listeners];
	EvwStatus status;

	*listener = (E3Listener){.source = {.fd = fd, .handle = handle_listener},
							 .server = server,
							 .accept = accept};
	status = e3_loop_add(server->owner.loop, &listener->source, EPOLLIN);
	if (status == EVW_OK)
		server->n_listeners++;
	else
		close(fd);
	return status;
}

EvwStatus
e3_accept_start_tls(E3Server *server)
{
	const E3Config *config = server->setup->config;
	EvwStatus status = EVW_OK;

	if (server->tls == NULL)
		return EVW_OK;
	server->handshaker = e3_handshaker_start(server->tls, server->owner.hello_timeout_ns,
											 (int) config->worker_nice);
	if (server->handshaker == NULL)
		return EVW_OUT_OF_MEMORY;
	server->handshaken.fd = e3_handshaker_event_fd(server->handshaker);
	server->handshaken.handle = handle_handshaken;
	status = e3_loop_add(server->owner.loop, &server->handshaken, EPOLLIN);
	for (uint32_t i = 0; status == EVW_OK && i < config->n_tls_listen; i++)
	{
		int fd;

		status = e3_inet_listen(&config->tls_listen[i], &fd);
		if (status == EVW_OK)
			status = add_listener(server, fd, accept_tls);
	}
	return status;
}

static EvwStatus
start_vsock(E3Server *server)
{
	int fd;
	EvwStatus status = e3_vsock_listen(server->setup->config->vsock_port, &fd);

	return status == EVW_OK ? add_listener(server, fd, accept_vsock) : status;
}

/* The Unix socket comes last: who finds it finds the others, too. */
EvwStatus
e3_accept_start(E3Server *server)
{
	const E3Config *config = server->setup->config;
	EvwStatus status = EVW_OK;
	int fd;

	if (config->vsock_port != 0)
		status = start_vsock(server);
	if (status == EVW_OK)
		status = e3_listener_open(config->socket, config->socket_mode, &fd);
	if (status != EVW_OK)
		return status;
	server->has_socket = true;
	return add_listener(server, fd, accept_unix);
}

void
e3_accept_resume(E3Server *server, uint64_t now_ns)
{
	if (server->accept_ns == 0 || now_ns < server->accept_ns || server->draining)
		return;
	server->accept_ns = 0;
	for (uint32_t i = 0; i < server->n_listeners; i++)
		e3_loop_want(server->owner.loop, &server->listeners[i].source, EPOLLIN);
}

void
e3_accept_use(E3Server *server, E3TlsContext *context)
{
	if (server->tls == NULL || e3_tls_context_equal(server->tls, context))
		return;
	e3_tls_context_release(server->tls);
	server->tls = e3_tls_context_retain(context);
	e3_handshaker_use(server->handshaker, context);
	e3_log(E3_LOG_INFO, "tls_reloaded", "certificate=\"%s\"",
		   server->setup->config->tls.certificate);
}

void
e3_accept_stop(E3Server *server)
{
	while (server->n_listeners > 0)
	{
		E3Source *source = &server->listeners[--server->n_listeners].source;

		e3_loop_remove(server->owner.loop, source);
		close(source->fd);
	}
	if (server->has_socket)
		unlink(server->setup->config->socket);
	server->has_socket = false;
	if (server->handshaker == NULL)
		return;
	e3_loop_remove(server->owner.loop, &server->handshaken);
	e3_handshaker_stop(server->handshaker);
	server->handshaker = NULL;
}
