/*
 * net/stream.c
 *	  Moving bytes between a connection's socket and its frames.
 */
#include "net/stream.h"

#include "base/clock.h"
#include "base/debug_point.h"
#include "base/discard.h"
#include "base/secret.h"

#include <stdlib.h>

/*
 * Bytes read from one connection, and written to it, before the others get their
 * turn: copying so many takes some 50 microseconds.
 */
#define READ_TURN (1u << 18)
#define WRITE_TURN (1u << 18)

/* And messages, each of which may be answered at once. */
#define FRAMES_TURN 32

/* Frames gathered for one system call. */
#define IOV_MAX_FRAMES 16

size_t
e3_out_bytes(const E3Out *out)
{
	return sizeof(E3Out) + out->buf.cap;
}

/* Reads, and kills the connection when it has ended; 0: nothing more for now. */
static size_t
receive(E3Conn *conn, void *at, size_t len)
{
	ssize_t got = conn->transport.ops->read(&conn->transport, at,
											len < READ_TURN ? len : READ_TURN);

	if (got == E3_IO_GONE)
		e3_conn_kill(conn);
	if (got <= 0)
		return 0;
	conn->owner->stats->bytes_in += (uint64_t) got;
	return (size_t) got;
}

/* What a peer sends after it was refused is read and forgotten. */
static void
discard(E3Conn *conn)
{
	static char nowhere[16384];
	size_t got = receive(conn, nowhere, sizeof(nowhere));

	/* It may have been meant as a request. */
	e3_wipe(nowhere, got);
}

/* The frame is complete: hands it over and begins the next. */
static void
hand_over(E3Conn *conn)
{
	EvwBuf body = conn->body;

	e3_buf_init(&conn->body);
	evw_frame_start(&conn->frame, &conn->body, EVW_FRAME_MAX);
	conn->owner->frame(conn, &body);
	/* By now the request counts as work, if it is any. */
	e3_budget_unreserve(conn->owner->budget, &conn->share);
}

/*
 * One read; returns its bytes, 0 to stop.  *frames counts messages.
 *
 * Memory follows what has come, not what was announced; but what E3 has to spare serves a
 * frame that the budget has let in before it has come: its pages are there already,
 * unless they were dropped when it was given back.
 */
static size_t
read_some(E3Conn *conn, uint32_t *frames)
{
	uint8_t *at;
	size_t len;
	size_t got;
	EvwStatus status;

	e3_buf_reuse(&conn->body, evw_frame_length(&conn->frame));
	status = evw_frame_want(&conn->frame, &at, &len);
	if (status != EVW_OK)
	{
		e3_conn_refuse(conn, status);
		return 0;
	}
	got = receive(conn, at, len);
	if (got == 0)
		return 0;
	conn->active_ns = e3_clock_ns();
	if (!evw_frame_begun(&conn->frame))
		conn->frame_ns = conn->active_ns;
	status = evw_frame_came(&conn->frame, got);
	if (status != EVW_OK)
	{
		e3_conn_refuse(conn, status);
		return 0;
	}
	if (evw_frame_complete(&conn->frame))
	{
		(*frames)++;
		hand_over(conn);
	}
	else if (evw_frame_length(&conn->frame) > E3_BUDGET_TINY && conn->share.reserved == 0)
		e3_conn_update(conn);
	return got;
}

void
e3_stream_read(E3Conn *conn)
{
	size_t total = 0;
	uint32_t frames = 0;

	if (conn->state == E3_CONN_LINGERING)
	{
		discard(conn);
		return;
	}
	while (total < READ_TURN && frames < FRAMES_TURN && !conn->paused &&
		   (conn->state == E3_CONN_HELLO || conn->state == E3_CONN_READY))
	{
		size_t got = read_some(conn, &frames);

		if (got == 0)
			break;
		total += got;
	}
	e3_conn_update(conn);
}

/* Takes "sent" bytes off the front of the queue, wiping what has gone out. */
static void
advance(E3Conn *conn, size_t sent)
{
	while (sent > 0)
	{
		E3Out *out = conn->out_first;
		size_t rest = out->buf.len - out->sent;

		if (sent < rest)
		{
			out->sent += sent;
			E3_DEBUG_POINT("half_sent");
			return;
		}
		sent -= rest;
		conn->out_bytes -= e3_out_bytes(out);
		conn->n_out--;
		conn->out_first = out->next;
		if (conn->out_first == NULL)
			conn->out_last = &conn->out_first;
		e3_buf_discard(&out->buf);
		free(out);
	}
}

/* What goes out next, up to "max" bytes: the peer may take more while it is copied. */
static size_t
gather(const E3Conn *conn, struct iovec *parts, size_t max)
{
	size_t count = 0;

	for (E3Out *out = conn->out_first; out != NULL && count < IOV_MAX_FRAMES && max > 0;
		 out = out->next)
	{
		size_t rest = out->buf.len - out->sent;

		parts[count].iov_base = out->buf.data + out->sent;
		parts[count].iov_len = rest < max ? rest : max;
		max -= parts[count].iov_len;
		count++;
	}
	return count;
}

bool
e3_stream_write(E3Conn *conn)
{
	struct iovec parts[IOV_MAX_FRAMES];
	size_t total = 0;

	while (conn->out_first != NULL && total < WRITE_TURN)
	{
		size_t count = gather(conn, parts, WRITE_TURN - total);
		ssize_t sent = conn->transport.ops->write(&conn->transport, parts, count);

		if (sent <= 0)
			return sent == E3_IO_LATER;
		conn->owner->stats->bytes_out += (uint64_t) sent;
		conn->sent_ns = e3_clock_ns();
		advance(conn, (size_t) sent);
		total += (size_t) sent;
	}
	return true;
}
