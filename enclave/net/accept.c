/*
 * net/accept.c
 *	  New connections: who may come, and how many.
 */
#include "net/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/listener.h"
#include "wire/reply.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Out of descriptors: leave the backlog alone for a moment instead of spinning. */
#define ACCEPT_PAUSE_NS UINT64_C(100000000)

/* Connections taken before others get their turn. */
#define ACCEPT_TURN 64

/* The refusal fits any socket buffer, so it needs no connection of its own. */
static void
turn_away(E3Server *server, int fd, const E3Identity *peer, EvwStatus status)
{
	char name[E3_IDENTITY_TEXT_MAX];
	uint8_t bytes[EVW_MESSAGE_MAX];
	EvwBuf buf;

	evw_buf_fixed(&buf, bytes, sizeof(bytes));
	evw_error_encode_status(&buf, 0, status);
	if (send(fd, buf.data, buf.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		e3_log(E3_LOG_DEBUG, "refusal_unsent", "peer=%s", e3_identity_text(peer, name));
	close(fd);
	server->stats.connections_refused++;
	e3_log(E3_LOG_WARNING, "peer_refused", "peer=%s status=%s",
		   e3_identity_text(peer, name), evw_status_name(status));
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

static void
take(E3Server *server, int fd, const E3Identity *peer)
{
	E3Party *party;
	E3Conn *conn;

	if (!e3_config_allows(server->setup->config, peer->uid))
	{
		turn_away(server, fd, peer, EVW_PEER_REFUSED);
		return;
	}
	if (server->stats.connections_open >= server->setup->config->connections)
	{
		turn_away(server, fd, peer, EVW_TOO_MANY_CONNECTIONS);
		return;
	}
	party = party_of(server, peer);
	if (party == NULL)
	{
		close(fd);
		return;
	}
	conn = e3_conn_new(&server->owner, fd, peer, party, ++server->next_serial);
	e3_party_release(party);
	if (conn == NULL)
		return;
	conn->next = server->conns;
	if (conn->next != NULL)
		conn->next->prev = conn;
	server->conns = conn;
	server->stats.connections_accepted++;
	server->stats.connections_open++;
}

static void
handle_listener(E3Source *source, uint32_t events)
{
	E3Server *server = (E3Server *) ((char *) source - offsetof(E3Server, listener));

	(void) events;
	for (int i = 0; i < ACCEPT_TURN; i++)
	{
		E3Identity peer;
		int fd = e3_listener_accept(source->fd, &peer);

		if (fd >= 0)
		{
			take(server, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		{
			e3_log(E3_LOG_WARNING, "accept_paused", "cause=\"%s\"", strerror(errno));
			server->accept_ns = e3_clock_ns() + ACCEPT_PAUSE_NS;
			e3_loop_want(server->owner.loop, source, 0);
		}
		return;
	}
}

EvwStatus
e3_accept_start(E3Server *server)
{
	const E3Config *config = server->setup->config;
	EvwStatus status =
		e3_listener_open(config->socket, config->socket_mode, &server->listener.fd);

	if (status != EVW_OK)
		return status;
	server->listener.handle = handle_listener;
	return e3_loop_add(server->owner.loop, &server->listener, EPOLLIN);
}

void
e3_accept_resume(E3Server *server, uint64_t now_ns)
{
	if (server->accept_ns == 0 || now_ns < server->accept_ns || server->draining)
		return;
	server->accept_ns = 0;
	e3_loop_want(server->owner.loop, &server->listener, EPOLLIN);
}

void
e3_accept_stop(E3Server *server)
{
	if (server->listener.fd < 0)
		return;
	e3_loop_remove(server->owner.loop, &server->listener);
	e3_listener_close(server->listener.fd, server->setup->config->socket);
	server->listener.fd = -1;
}
