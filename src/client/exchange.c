/*
 * client/exchange.c
 *	  One frame out, its reply in.
 *
 * Each turn writes what the socket takes and reads what it has; when neither
 * moves, it waits.  Reading goes on while a frame is being written: two sides
 * that only write would wait for each other once both socket buffers are full.
 */
#include "postgres.h"

#include "client/exchange.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include "miscadmin.h"

#include "client/buffer.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/reply.h"

/* Turns that clearing an idle connection may take. */
#define SETTLE_TURNS_MAX 4096

typedef enum Progress
{
	PROGRESS_BLOCKED, /* nothing can be done before the socket is ready */
	PROGRESS_MOVED,
	PROGRESS_DONE,	/* the reply is there */
	PROGRESS_FAILED /* trouble says why */
} Progress;

typedef struct Exchange
{
	EvcConn *conn;
	uint64 id;
	struct iovec out[2]; /* what is still to be sent */
	bool begun;			 /* some bytes have been sent */
	bool sending;		 /* and some are left */
	bool cut;			 /* the rest will never be taken */
	EvwFrameReader reader;
	EvwBuf *body;
	EvwMessage *message;
	EvcTrouble *trouble;
} Exchange;

static Progress
fail(Exchange *exchange, EvcTrouble trouble)
{
	*exchange->trouble = trouble;
	return PROGRESS_FAILED;
}

static Progress
fail_lost(Exchange *exchange, int errnum)
{
	return fail(exchange, (EvcTrouble){.kind = EVC_TROUBLE_LOST, .errnum = errnum});
}

static Progress
fail_protocol(Exchange *exchange, EvwStatus status)
{
	return fail(exchange, (EvcTrouble){.kind = EVC_TROUBLE_PROTOCOL, .status = status});
}

/* True if the socket only asks to come back later. */
static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* The next byte that comes begins a frame. */
static void
begin_read(Exchange *exchange)
{
	evc_buffer_wipe(exchange->body);
	evw_frame_start(&exchange->reader, exchange->body, EVW_FRAME_MAX);
}

static void
judge(Exchange *exchange)
{
	exchange->conn->suspect = exchange->cut || (exchange->begun && exchange->sending) ||
							  evw_frame_begun(&exchange->reader);
}

/* "len" bytes have gone out. */
static void
advance(Exchange *exchange, size_t len)
{
	struct iovec *out = exchange->out;

	exchange->begun = true;
	exchange->conn->bytes_sent += len;
	for (int i = 0; i < 2; i++)
	{
		size_t part = Min(len, out[i].iov_len);

		out[i].iov_base = (char *) out[i].iov_base + part;
		out[i].iov_len -= part;
		len -= part;
	}
	exchange->sending = out[0].iov_len + out[1].iov_len > 0;
	if (!exchange->sending)
		exchange->conn->in_flight = exchange->id;
}

static Progress
push(Exchange *exchange)
{
	struct msghdr header = {.msg_iov = exchange->out, .msg_iovlen = 2};
	ssize_t len;

	if (!exchange->sending)
		return PROGRESS_BLOCKED;
	len = sendmsg(exchange->conn->sock, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (len > 0)
		advance(exchange, (size_t) len);
	else if (len < 0 && would_block())
		return PROGRESS_BLOCKED;
	else if (len < 0 && errno != EINTR)
	{
		/* E3 may have said why before it closed: stop sending, read on. */
		exchange->sending = false;
		exchange->cut = true;
	}
	judge(exchange);
	return PROGRESS_MOVED;
}

/* ERROR with id 0 is about the connection, which E3 closes after it. */
static Progress
take_farewell(Exchange *exchange, const EvwMessage *message)
{
	EvwErrorHeader error;
	EvwStatus status = evw_error_decode(message, &error);

	if (status != EVW_OK)
		return fail_protocol(exchange, status);
	if (error.code == EVW_IDLE_TIMEOUT)
		return fail_lost(exchange, 0);
	return fail(exchange, (EvcTrouble){.kind = EVC_TROUBLE_STATUS,
									   .status = (EvwStatus) error.code});
}

/* Is this the reply to a request that has gone out whole? */
static bool
is_reply(const Exchange *exchange)
{
	return exchange->message->id == exchange->id && !exchange->sending &&
		   exchange->conn->in_flight == exchange->id;
}

/* A frame is complete: whose is it? */
static Progress
take_frame(Exchange *exchange)
{
	EvcConn *conn = exchange->conn;
	EvwMessage *message = exchange->message;
	EvwStatus status =
		evw_message_split((EvwBytes){exchange->body->data, exchange->body->len}, message);

	if (status != EVW_OK)
		return fail_protocol(exchange, status);
	if (message->id == 0 && message->type == EVW_VERB_ERROR)
		return take_farewell(exchange, message);
	if (is_reply(exchange))
	{
		conn->suspect = false;
		conn->in_flight = 0;
		return PROGRESS_DONE;
	}
	if (message->id == exchange->id || message->id == 0 || message->id >= conn->next_id)
		return fail_protocol(exchange, EVW_OUT_OF_ORDER);
	if (conn->abandoned > 0)
		conn->abandoned--;
	begin_read(exchange);
	judge(exchange);
	return PROGRESS_MOVED;
}

static Progress
pull(Exchange *exchange)
{
	EvcConn *conn = exchange->conn;
	uint8_t *at;
	size_t room;
	ssize_t len;
	EvwStatus status = evw_frame_want(&exchange->reader, &at, &room);

	if (status != EVW_OK)
		return fail_protocol(exchange, status);
	if (room == 0)
		return take_frame(exchange);
	len = recv(conn->sock, at, room, MSG_DONTWAIT);
	if (len < 0 && would_block())
		return PROGRESS_BLOCKED;
	if (len < 0 && errno == EINTR)
		return PROGRESS_MOVED;
	if (len <= 0)
		return fail_lost(exchange, len < 0 ? errno : 0);
	conn->bytes_received += len;
	status = evw_frame_came(&exchange->reader, (size_t) len);
	judge(exchange);
	return status == EVW_OK ? PROGRESS_MOVED : fail_protocol(exchange, status);
}

/* One turn in both directions. */
static Progress
turn(Exchange *exchange)
{
	Progress sent = push(exchange);
	Progress received = pull(exchange);

	if (received == PROGRESS_BLOCKED && exchange->sending)
		return sent;
	return received;
}

/* False when the deadline has passed. */
static bool
next_turn(const Exchange *exchange, Progress progress, int64 deadline)
{
	uint32 events = WL_SOCKET_READABLE | (exchange->sending ? WL_SOCKET_WRITEABLE : 0);

	if (progress == PROGRESS_BLOCKED)
		return evc_waiter_wait(&exchange->conn->waiter, events, deadline);
	CHECK_FOR_INTERRUPTS();
	return evc_now_us() < deadline;
}

static struct iovec
piece(EvwBytes bytes)
{
	return (struct iovec){.iov_base = unconstify(uint8_t *, bytes.data),
						  .iov_len = bytes.len};
}

bool
evc_exchange(EvcConn *conn, const EvcFrame *frame, int64 deadline, EvwBuf *reply,
			 EvwMessage *message, EvcTrouble *trouble)
{
	Exchange exchange = {
		.conn = conn,
		.id = frame->id,
		.out = {piece(frame->head), piece(frame->columns)},
		.sending = true,
		.body = reply,
		.message = message,
		.trouble = trouble,
	};
	Progress progress = PROGRESS_MOVED;

	begin_read(&exchange);
	while (next_turn(&exchange, progress, deadline))
	{
		progress = turn(&exchange);
		if (progress == PROGRESS_DONE)
			return true;
		if (progress == PROGRESS_FAILED)
		{
			evc_conn_close(conn);
			return false;
		}
	}
	*trouble = (EvcTrouble){.kind = EVC_TROUBLE_TIMEOUT};
	evc_conn_abandon(conn);
	return false;
}

bool
evc_exchange_settle(EvcConn *conn, EvwBuf *reply)
{
	EvwMessage message;
	EvcTrouble trouble;
	Exchange exchange = {
		.conn = conn,
		.id = PG_UINT64_MAX,
		.body = reply,
		.message = &message,
		.trouble = &trouble,
	};
	Progress progress = PROGRESS_MOVED;

	begin_read(&exchange);
	for (int i = 0; i < SETTLE_TURNS_MAX && progress == PROGRESS_MOVED; i++)
	{
		CHECK_FOR_INTERRUPTS();
		progress = pull(&exchange);
	}
	if (progress == PROGRESS_BLOCKED && !conn->suspect)
		return true;
	evc_conn_close(conn);
	return false;
}
