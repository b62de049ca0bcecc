/*
 * net/conn.c
 *	  One connection: its life, its clock, what it waits for.
 */
#include "net/conn.h"

#include "base/clock.h"
#include "base/discard.h"
#include "base/log.h"
#include "net/stream.h"
#include "net/work.h"
#include "wire/reply.h"

#include <stdlib.h>
#include <sys/epoll.h>

/*
 * Memory of requests in flight, of the replies they will have, and of replies
 * not yet taken, above which no more is read.  More than the largest request
 * and its reply: the CANCEL of a single request is always read.
 */
#define HELD_BYTES_MAX (4 * (size_t) EVW_FRAME_MAX)

/* Replies not yet taken above which no more is read, however small they are. */
#define OUT_FRAMES_MAX (4 * EVW_INFLIGHT_MAX)

/* Wait for the peer to close after the last byte has gone out. */
#define LINGER_NS UINT64_C(1000000000)

/* A large frame may take longer: 1 ms for each KiB announced. */
#define NS_PER_FRAME_BYTE (UINT64_C(1000000) / 1024)

/* While E3 does not read, a frame that has begun has all the time it needs. */
static void
judge_pause(E3Conn *conn)
{
	size_t held = conn->work_bytes + conn->out_bytes;
	bool paused = held > HELD_BYTES_MAX || conn->n_out > OUT_FRAMES_MAX;

	e3_budget_count(conn->owner->budget, &conn->share, held);
	if (paused && conn->share.reserved == 0)
		e3_budget_unreserve(conn->owner->budget, &conn->share);
	else if (conn->state == E3_CONN_READY)
		paused = paused || !e3_budget_reserve(conn->owner->budget, &conn->share,
											  evw_frame_length(&conn->frame));
	if (conn->paused && !paused)
		conn->frame_ns = e3_clock_ns();
	conn->paused = paused;
}

void
e3_conn_update(E3Conn *conn)
{
	uint32_t events = EPOLLRDHUP;

	if (conn->state == E3_CONN_DEAD)
		return;
	judge_pause(conn);
	if (!conn->paused)
		events |= EPOLLIN;
	if ((conn->out_first != NULL && !conn->transport.wants_read) ||
		conn->transport.wants_write)
		events |= EPOLLOUT;
	e3_link_take_out(&conn->unread);
	if (!conn->paused && conn->transport.ops->pending(&conn->transport))
		e3_link_append(conn->owner->unread, &conn->unread);
	e3_loop_want(conn->owner->loop, &conn->source, events);
}

static void
write_on(E3Conn *conn)
{
	if (!e3_stream_write(conn))
	{
		e3_conn_kill(conn);
		return;
	}
	if (conn->state == E3_CONN_LINGERING && conn->out_first == NULL)
		conn->transport.ops->shut(&conn->transport);
	e3_conn_update(conn);
}

static void
handle_events(E3Source *source, uint32_t events)
{
	E3Conn *conn = (E3Conn *) source;

	if (conn->state != E3_CONN_DEAD &&
		((events & EPOLLOUT) || conn->transport.wants_read))
		write_on(conn);
	if (conn->state == E3_CONN_DEAD)
		return;
	if ((events & (EPOLLHUP | EPOLLERR)) || ((events & EPOLLRDHUP) && conn->paused))
		e3_conn_kill(conn);
	else if ((events & (EPOLLIN | EPOLLRDHUP)) || conn->transport.wants_write)
		e3_stream_read(conn);
}

E3Conn *
e3_conn_new(const E3ConnOwner *owner, E3Transport *transport, const E3Identity *peer,
			E3Party *party, uint64_t serial)
{
	E3Conn *conn = calloc(1, sizeof(E3Conn));
	E3Flow *flow = conn != NULL ? e3_flow_new(party) : NULL;

	if (flow == NULL)
	{
		transport->ops->close(transport);
		free(conn);
		return NULL;
	}
	conn->flow = flow;
	conn->transport = *transport;
	conn->source.fd = transport->fd;
	conn->source.handle = handle_events;
	conn->owner = owner;
	conn->state = E3_CONN_HELLO;
	conn->peer = *peer;
	conn->serial = serial;
	conn->out_last = &conn->out_first;
	conn->active_ns = e3_clock_ns();
	e3_link_init(&conn->unread);
	e3_share_init(&conn->share, &conn->flow->party->memory);
	e3_buf_init(&conn->body);
	e3_buf_init(&conn->hellos);
	evw_frame_start(&conn->frame, &conn->body, EVW_HELLO_FRAME_MAX);
	if (e3_loop_add(owner->loop, &conn->source, EPOLLIN | EPOLLRDHUP) == EVW_OK)
	{
		e3_conn_update(conn);
		return conn;
	}
	conn->transport.ops->close(&conn->transport);
	e3_flow_release(conn->flow);
	free(conn);
	return NULL;
}

void
e3_conn_free(E3Conn *conn)
{
	E3Out *out;

	while ((out = conn->out_first) != NULL)
	{
		conn->out_first = out->next;
		e3_buf_discard(&out->buf);
		free(out);
	}
	e3_buf_discard(&conn->body);
	e3_buf_release(&conn->hellos);
	e3_flow_release(conn->flow);
	e3_principal_release(conn->principal);
	e3_tls_context_release(conn->tls);
	free(conn);
}

void
e3_conn_send(E3Conn *conn, EvwBuf *buf)
{
	E3Out *out = conn->state == E3_CONN_DEAD ? NULL : calloc(1, sizeof(E3Out));

	if (out == NULL || buf->status != EVW_OK)
	{
		free(out);
		e3_buf_discard(buf);
		e3_conn_kill(conn);
		return;
	}
	out->buf = *buf;
	e3_buf_init(buf);
	if (conn->out_first == NULL)
		conn->sent_ns = e3_clock_ns();
	conn->out_bytes += e3_out_bytes(out);
	conn->n_out++;
	*conn->out_last = out;
	conn->out_last = &out->next;
	write_on(conn);
}

void
e3_conn_linger(E3Conn *conn)
{
	if (conn->state == E3_CONN_DEAD || conn->state == E3_CONN_LINGERING)
		return;
	conn->state = E3_CONN_LINGERING;
	conn->active_ns = e3_clock_ns();
	e3_works_abandon(conn);
	e3_budget_unreserve(conn->owner->budget, &conn->share);
	/* What has come of a frame is counted no longer. */
	e3_buf_discard(&conn->body);
	if (conn->out_first == NULL)
		conn->transport.ops->shut(&conn->transport);
	e3_conn_update(conn);
}

void
e3_conn_refuse(E3Conn *conn, EvwStatus status)
{
	char peer[E3_IDENTITY_TEXT_MAX];
	EvwBuf buf;

	if (conn->state == E3_CONN_DEAD || conn->state == E3_CONN_LINGERING)
		return;
	conn->owner->stats->protocol_errors++;
	e3_log(E3_LOG_WARNING, "connection_refused", "conn=%llu peer=%s status=%s",
		   (unsigned long long) conn->serial, e3_identity_text(&conn->peer, peer),
		   evw_status_name(status));
	e3_buf_init(&buf);
	evw_error_encode_status(&buf, 0, status);
	e3_conn_send(conn, &buf);
	e3_conn_linger(conn);
}

void
e3_conn_kill(E3Conn *conn)
{
	if (conn->state == E3_CONN_DEAD)
		return;
	conn->state = E3_CONN_DEAD;
	e3_works_abandon(conn);
	e3_budget_leave(conn->owner->budget, &conn->share);
	e3_link_take_out(&conn->unread);
	e3_loop_remove(conn->owner->loop, &conn->source);
	conn->transport.ops->close(&conn->transport);
	conn->owner->dead(conn);
}

/* A byte may have moved since the clock was read: then nothing has elapsed. */
static uint64_t
elapsed_ns(uint64_t since_ns, uint64_t now_ns)
{
	return now_ns > since_ns ? now_ns - since_ns : 0;
}

/* The peer does not take what it asked for. */
static bool
is_stalled(const E3Conn *conn, uint64_t now_ns)
{
	return conn->out_first != NULL &&
		   elapsed_ns(conn->sent_ns, now_ns) > conn->owner->frame_timeout_ns;
}

static bool
is_frame_late(const E3Conn *conn, uint64_t now_ns)
{
	return evw_frame_begun(&conn->frame) && !conn->paused &&
		   elapsed_ns(conn->frame_ns, now_ns) >
			   conn->owner->frame_timeout_ns + conn->frame.length * NS_PER_FRAME_BYTE;
}

void
e3_conn_check_time(E3Conn *conn, uint64_t now_ns)
{
	const E3ConnOwner *owner = conn->owner;
	uint64_t quiet_ns = elapsed_ns(conn->active_ns, now_ns);

	if (conn->state == E3_CONN_DEAD)
		return;
	if (is_stalled(conn, now_ns) || (conn->state == E3_CONN_LINGERING &&
									 conn->out_first == NULL && quiet_ns > LINGER_NS))
		e3_conn_kill(conn);
	else if (conn->state == E3_CONN_LINGERING)
		return;
	else if (is_frame_late(conn, now_ns))
		e3_conn_refuse(conn, EVW_FRAME_TIMEOUT);
	else if (conn->state == E3_CONN_HELLO && quiet_ns > owner->hello_timeout_ns)
		e3_conn_refuse(conn, EVW_HELLO_TIMEOUT);
	else if (conn->n_works == 0 && conn->out_first == NULL &&
			 quiet_ns > owner->idle_timeout_ns)
		e3_conn_refuse(conn, EVW_IDLE_TIMEOUT);
}
