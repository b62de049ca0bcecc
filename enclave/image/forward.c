/*
 * image/forward.c
 *	  One connection, handed on.
 */
#include "image/forward.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

/* Handed on at once.  vsock takes packets of 64 KiB at most, and emulators less. */
#define CHUNK 4096

/* Bytes on their way. */
typedef struct Flow
{
	int from;
	int to;
	char bytes[CHUNK];
	size_t at;	   /* delivered of them */
	size_t len;	   /* received */
	size_t left;   /* that may still come */
	bool ended;	   /* no more is taken */
	bool too_long; /* as more came than may */
} Flow;

static int64_t
now_ms(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for what is asked of these; false: not in time. */
static bool
wait_for(struct pollfd *fds, nfds_t n, int64_t deadline_ms)
{
	for (;;)
	{
		int64_t left = deadline_ms - now_ms();
		int ready;

		if (left <= 0)
			return false;
		ready = poll(fds, n, (int) left);
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
}

static bool
must_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* -1: nobody has come. */
static int
take_one(int listener, int64_t deadline_ms)
{
	struct pollfd waiting = {.fd = listener, .events = POLLIN};
	int fd = -1;

	while (fd < 0 && wait_for(&waiting, 1, deadline_ms))
	{
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && !must_wait() && errno != ECONNABORTED)
			break;
	}
	return fd;
}

static bool
reach(int fd, const E3Forward *forward, int64_t deadline_ms)
{
	struct pollfd reached = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (connect(fd, forward->to, forward->to_len) == 0)
		return true;
	return errno == EINPROGRESS && wait_for(&reached, 1, deadline_ms) &&
		   getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

/* False: "from" has failed. */
static bool
receive(Flow *flow)
{
	ssize_t n;

	if (flow->at < flow->len || flow->ended)
		return true;
	n = recv(flow->from, flow->bytes, CHUNK, 0);
	if (n < 0)
		return must_wait();
	flow->too_long = (size_t) n > flow->left;
	flow->ended = n == 0 || flow->too_long;
	flow->at = 0;
	flow->len = flow->too_long ? flow->left : (size_t) n;
	flow->left -= flow->len;
	return true;
}

/* False: "to" has failed. */
static bool
deliver(Flow *flow)
{
	ssize_t n;

	if (flow->at == flow->len)
		return true;
	n = send(flow->to, flow->bytes + flow->at, flow->len - flow->at, MSG_NOSIGNAL);
	if (n < 0)
		return must_wait();
	flow->at += (size_t) n;
	return true;
}

static bool
is_over(const Flow *flow)
{
	return flow->ended && flow->at == flow->len;
}

/* An end that nothing is asked of is not looked at: it would be ready for ever once it
 * has closed. */
static struct pollfd
asked_of(int fd, const Flow *from, const Flow *to)
{
	struct pollfd asked = {.fd = -1};

	if (from->at == from->len && !from->ended)
		asked.events |= POLLIN;
	if (to->at < to->len)
		asked.events |= POLLOUT;
	if (asked.events != 0)
		asked.fd = fd;
	return asked;
}

static E3ForwardEnd
hand_on(Flow *out, Flow *back, int64_t deadline_ms)
{
	struct pollfd asked[2];

	do
	{
		/* Who had connected may go at any time. */
		if (!receive(out))
			out->ended = true;
		/* The other has the last word: it need not listen on after it. */
		if (!deliver(out))
			return is_over(back) ? E3_FORWARD_DONE : E3_FORWARD_BROKEN;
		if (!receive(back))
			return E3_FORWARD_BROKEN;
		if (!deliver(back))
			return E3_FORWARD_DONE;
		if ((is_over(out) && out->too_long) || (is_over(back) && back->too_long))
			return E3_FORWARD_LONG;
		if (is_over(out))
			return E3_FORWARD_DONE;
		if (is_over(back))
			(void) shutdown(back->to, SHUT_WR);
		asked[0] = asked_of(out->from, out, back);
		asked[1] = asked_of(out->to, back, out);
	} while (wait_for(asked, 2, deadline_ms));
	return E3_FORWARD_SLOW;
}

static E3ForwardEnd
talk(int client, const E3Forward *forward)
{
	int64_t deadline_ms = now_ms() + forward->talk_ms;
	int far =
		socket(forward->to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	Flow out = {.from = client, .to = far, .left = forward->bytes_most};
	Flow back = {.from = far, .to = client, .left = forward->bytes_most};
	E3ForwardEnd end = E3_FORWARD_NO_WAY;

	if (far < 0)
		return E3_FORWARD_INTERNAL;
	if (reach(far, forward, deadline_ms))
		end = hand_on(&out, &back, deadline_ms);
	close(far);
	return end;
}

E3ForwardEnd
e3_forward_once(int listener, const E3Forward *forward)
{
	int client = take_one(listener, now_ms() + forward->wait_ms);
	E3ForwardEnd end = E3_FORWARD_NOBODY;

	close(listener);
	if (client >= 0)
	{
		end = talk(client, forward);
		close(client);
	}
	return end;
}

const char *
e3_forward_text(E3ForwardEnd end)
{
	switch (end)
	{
		case E3_FORWARD_DONE:
			return "used";
		case E3_FORWARD_NOBODY:
			return "nobody took it in time";
		case E3_FORWARD_NO_WAY:
			return "the parent does not answer";
		case E3_FORWARD_SLOW:
			return "not done in time";
		case E3_FORWARD_LONG:
			return "too many bytes";
		case E3_FORWARD_BROKEN:
			return "the parent broke it off";
		case E3_FORWARD_INTERNAL:
			break;
	}
	return "no socket to be had";
}
