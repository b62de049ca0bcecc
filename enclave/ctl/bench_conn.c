/*
 * ctl/bench_conn.c
 *	  One connection under load: requests out, replies in, nothing blocks.
 *
 * A frame is sent from where it lies; only its head, which has the id, is this
 * connection's own.  Replies are read as many at once as there are.
 */
#include "ctl/bench_run.h"

#include "base/secret.h"

#include <string.h>

#define ID_AT (E3_BENCH_HEAD_LEN - 8)
#define READ_MIN (1u << 18)

void
e3_bench_conn_init(E3BenchConn *conn, E3Client *client, uint32_t in_flight)
{
	*conn = (E3BenchConn){.transport = client->transport,
						  .in_flight_max = in_flight,
						  .next_id = 1};
	if (in_flight > client->inflight_max)
		conn->in_flight_max = client->inflight_max;
	client->transport.fd = -1;
	e3_buf_init(&conn->in);
}

void
e3_bench_conn_close(E3BenchConn *conn)
{
	if (conn->transport.fd >= 0)
		conn->transport.ops->close(&conn->transport);
	conn->transport.fd = -1;
	conn->sending = NULL;
	e3_buf_release(&conn->in);
}

bool
e3_bench_conn_has_room(const E3BenchConn *conn)
{
	return conn->transport.fd >= 0 && conn->sending == NULL &&
		   conn->in_flight < conn->in_flight_max;
}

bool
e3_bench_conn_write(E3BenchConn *conn)
{
	const EvwBuf *frame = &conn->sending->frame;
	size_t head_left =
		conn->sent < E3_BENCH_HEAD_LEN ? E3_BENCH_HEAD_LEN - conn->sent : 0;
	size_t from = conn->sent + head_left;
	const struct iovec parts[] = {{conn->head + E3_BENCH_HEAD_LEN - head_left, head_left},
								  {frame->data + from, frame->len - from}};
	ssize_t sent = conn->transport.ops->write(&conn->transport, parts, 2);

	if (sent < 0)
		return false;
	conn->sent += (size_t) sent;
	if (conn->sent == frame->len)
		conn->sending = NULL;
	return true;
}

/* The id says which flight it is. */
static E3BenchFlight *
new_flight(E3BenchConn *conn)
{
	for (uint32_t i = 0; i < EVW_INFLIGHT_MAX; i++)
		if (conn->flights[i].id == 0)
		{
			conn->flights[i].id = conn->next_id++ * EVW_INFLIGHT_MAX + i;
			conn->in_flight++;
			return &conn->flights[i];
		}
	return NULL;
}

bool
e3_bench_conn_send(E3BenchConn *conn, const E3BenchRequest *request, uint32_t class,
				   uint64_t due_ns)
{
	E3BenchFlight *flight = new_flight(conn);

	if (flight == NULL)
		return false;
	flight->due_ns = due_ns;
	flight->class = class;
	memcpy(conn->head, request->frame.data, ID_AT);
	evw_put_be32(conn->head + ID_AT, (uint32_t) (flight->id >> 32));
	evw_put_be32(conn->head + ID_AT + 4, (uint32_t) flight->id);
	conn->sending = request;
	conn->sent = 0;
	return e3_bench_conn_write(conn);
}

/* Bytes of the frame that begins at "at", prefix and all; 0: not known yet. */
static size_t
frame_length(const E3BenchConn *conn, size_t at)
{
	if (conn->in.len - at < EVW_FRAME_PREFIX)
		return 0;
	return (size_t) EVW_FRAME_PREFIX + evw_get_be32(conn->in.data + at);
}

/* Room for the frame that has begun, and some more. */
static bool
make_room(E3BenchConn *conn)
{
	EvwBuf *in = &conn->in;
	size_t wanted = frame_length(conn, 0);

	if (wanted > EVW_FRAME_PREFIX + EVW_FRAME_MAX)
		return false;
	if (wanted < in->len + READ_MIN / 4)
		wanted = in->len + READ_MIN;
	return in->cap >= wanted || e3_buf_grow(in, wanted);
}

/* Until there is no more: of what TLS has read already, epoll does not tell. */
bool
e3_bench_conn_read(E3BenchConn *conn)
{
	EvwBuf *in = &conn->in;
	ssize_t got;

	do
	{
		if (!make_room(conn))
			return false;
		got = conn->transport.ops->read(&conn->transport, in->data + in->len,
										in->cap - in->len);
		if (got > 0)
			in->len += (size_t) got;
	} while (got > 0 && conn->transport.ops->pending(&conn->transport));
	return got != E3_IO_GONE;
}

bool
e3_bench_conn_next(const E3BenchConn *conn, size_t *at, EvwBytes *body)
{
	size_t length = frame_length(conn, *at);

	if (length == 0 || conn->in.len - *at < length)
		return false;
	*body = (EvwBytes){conn->in.data + *at + EVW_FRAME_PREFIX, length - EVW_FRAME_PREFIX};
	*at += length;
	return true;
}

void
e3_bench_conn_used(E3BenchConn *conn, size_t len)
{
	if (len == 0)
		return;
	memmove(conn->in.data, conn->in.data + len, conn->in.len - len);
	conn->in.len -= len;
}
