/*
 * ctl/bench_run.c
 *	  The loop of e3ctl bench.
 *
 *	  send what is due -> wait for sockets, the clock or a signal -> read and write
 *
 * In an open loop requests are due by the clock, whatever E3 does; one that has to
 * wait for room is late from when it was due, not from when it was sent.  In a
 * closed loop the next one is due when there is room.
 */
#include "ctl/bench_run.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* How long the last requests are waited for. */
#define DRAIN_NS (60 * NS_PER_SECOND)
#define EVENTS_MAX 64
#define SIGNAL_EVENT UINT64_MAX

typedef struct Run
{
	const E3BenchPlan *plan;
	const E3BenchRequest *requests;
	E3BenchConn *conns;
	E3BenchCounts *counts;
	int epoll_fd;
	int signal_fd;
	uint64_t start_ns;
	uint64_t stop_ns; /* nothing is sent from here on */
	uint64_t end_ns;  /* nothing is waited for from here on */
	uint64_t seed;
	uint64_t next;	  /* request of an open loop that is due next */
	uint64_t next_ns; /* when that is */
	uint32_t next_conn;
	bool starved; /* it is due, and nobody has room for it */
} Run;

static bool
is_open_loop(const Run *run)
{
	return run->plan->rate_from > 0;
}

static void
lose(Run *run, E3BenchConn *conn)
{
	for (uint32_t i = 0; i < EVW_INFLIGHT_MAX; i++)
		if (conn->flights[i].id != 0)
			run->counts->classes[conn->flights[i].class].lost++;
	conn->in_flight = 0;
	run->counts->connections_lost++;
	e3_bench_conn_close(conn);
}

/* Asks for, or no more for, the moment when a frame can be gone on with. */
static void
watch_writing(Run *run, E3BenchConn *conn)
{
	struct epoll_event event = {.events = EPOLLIN,
								.data.u64 = (uint64_t) (conn - run->conns)};
	bool wanted = conn->sending != NULL;

	if (conn->transport.fd < 0 || wanted == conn->wants_write)
		return;
	if (wanted)
		event.events |= EPOLLOUT;
	conn->wants_write = wanted;
	if (epoll_ctl(run->epoll_fd, EPOLL_CTL_MOD, conn->transport.fd, &event) != 0)
		lose(run, conn);
}

static void
send_one(Run *run, E3BenchConn *conn, uint64_t due_ns)
{
	uint32_t class = e3_bench_pick(run->plan, &run->seed);

	run->counts->classes[class].sent++;
	if (!e3_bench_conn_send(conn, &run->requests[class], class, due_ns))
		lose(run, conn);
	watch_writing(run, conn);
}

/* The connections take turns; NULL if none has room. */
static E3BenchConn *
find_room(Run *run)
{
	for (uint32_t i = 0; i < run->plan->connections; i++)
	{
		E3BenchConn *conn = &run->conns[run->next_conn];

		run->next_conn = (run->next_conn + 1) % run->plan->connections;
		if (e3_bench_conn_has_room(conn))
			return conn;
	}
	return NULL;
}

static void
set_next(Run *run, uint64_t next)
{
	uint64_t due_ns = e3_bench_due_ns(run->plan, next);

	run->next = next;
	run->next_ns =
		due_ns < UINT64_MAX - run->start_ns ? run->start_ns + due_ns : UINT64_MAX;
}

static void
send_due(Run *run, uint64_t now_ns)
{
	run->starved = false;
	while (run->next_ns <= now_ns && run->next_ns < run->stop_ns)
	{
		E3BenchConn *conn = find_room(run);

		if (conn == NULL)
		{
			run->starved = true;
			return;
		}
		send_one(run, conn, run->next_ns);
		set_next(run, run->next + 1);
	}
}

static void
send_all(Run *run, uint64_t now_ns)
{
	if (now_ns >= run->stop_ns)
		return;
	if (is_open_loop(run))
	{
		send_due(run, now_ns);
		return;
	}
	for (uint32_t i = 0; i < run->plan->connections; i++)
		while (e3_bench_conn_has_room(&run->conns[i]))
			send_one(run, &run->conns[i], e3_clock_ns());
}

static void
receive(Run *run, E3BenchConn *conn)
{
	bool good = e3_bench_conn_read(conn);
	size_t at = 0;
	EvwBytes body;

	while (good && e3_bench_conn_next(conn, &at, &body))
	{
		uint64_t now_ns = e3_clock_ns();

		good = e3_bench_answer(run->counts, run->plan, run->requests, conn, body, now_ns);
		run->counts->elapsed_ns = now_ns - run->start_ns;
	}
	if (good)
		e3_bench_conn_used(conn, at);
	else
		lose(run, conn);
}

/* The first signal ends the sending, the second the waiting. */
static void
take_signal(Run *run, uint64_t now_ns)
{
	struct signalfd_siginfo info;

	if (read(run->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (run->stop_ns <= now_ns)
		run->end_ns = now_ns;
	run->stop_ns = now_ns;
	if (run->end_ns > now_ns + DRAIN_NS)
		run->end_ns = now_ns + DRAIN_NS;
}

static void
handle(Run *run, const struct epoll_event *event, uint64_t now_ns)
{
	E3BenchConn *conn;

	if (event->data.u64 == SIGNAL_EVENT)
	{
		take_signal(run, now_ns);
		return;
	}
	conn = &run->conns[event->data.u64];
	if (conn->transport.fd >= 0 && event->events & EPOLLOUT && conn->sending != NULL)
	{
		if (!e3_bench_conn_write(conn))
			lose(run, conn);
		watch_writing(run, conn);
	}
	if (conn->transport.fd >= 0 && event->events & ~(uint32_t) EPOLLOUT)
		receive(run, conn);
}

/* Is anybody left who sends, or waits for an answer? */
static bool
goes_on(const Run *run, uint64_t now_ns)
{
	bool alive = false;

	if (now_ns >= run->end_ns)
		return false;
	for (uint32_t i = 0; i < run->plan->connections; i++)
	{
		if (run->conns[i].in_flight > 0)
			return true;
		alive = alive || run->conns[i].transport.fd >= 0;
	}
	return alive && now_ns < run->stop_ns;
}

static int
wait_for_events(Run *run, struct epoll_event *events, uint64_t now_ns)
{
	uint64_t until_ns = now_ns < run->stop_ns ? run->stop_ns : run->end_ns;
	uint64_t left_ns;
	struct timespec left;

	if (is_open_loop(run) && !run->starved && run->next_ns < run->stop_ns)
		until_ns = run->next_ns;
	left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	left.tv_sec = (time_t) (left_ns / NS_PER_SECOND);
	left.tv_nsec = (long) (left_ns % NS_PER_SECOND);
	return epoll_pwait2(run->epoll_fd, events, EVENTS_MAX, &left, NULL);
}

static void
loop(Run *run)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t now_ns = run->start_ns;

	while (goes_on(run, now_ns))
	{
		int count;

		send_all(run, now_ns);
		count = wait_for_events(run, events, e3_clock_ns());
		if (count < 0 && errno != EINTR)
			return;
		now_ns = e3_clock_ns();
		for (int i = 0; i < count; i++)
			handle(run, &events[i], now_ns);
	}
	/* With all connections lost: what comes later was never due. */
	if (now_ns < run->stop_ns)
		run->stop_ns = now_ns;
}

/* What was not answered, and what was due and never sent. */
static void
count_the_rest(Run *run)
{
	for (uint32_t i = 0; i < run->plan->connections; i++)
		for (uint32_t j = 0; j < EVW_INFLIGHT_MAX && run->conns[i].in_flight > 0; j++)
			if (run->conns[i].flights[j].id != 0)
				run->counts->classes[run->conns[i].flights[j].class].lost++;
	while (is_open_loop(run) && run->next_ns < run->stop_ns)
	{
		E3BenchTally *tally = &run->counts->classes[e3_bench_pick(run->plan, &run->seed)];

		tally->unsent++;
		e3_latency_add(&tally->latency, run->stop_ns - run->next_ns);
		set_next(run, run->next + 1);
	}
}

static bool
watch(Run *run, int fd, uint64_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};

	return epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool
set_up(Run *run)
{
	sigset_t set;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGINT);
	(void) sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->epoll_fd < 0 || run->signal_fd < 0 ||
		!watch(run, run->signal_fd, SIGNAL_EVENT))
		return false;
	for (uint32_t i = 0; i < run->plan->connections; i++)
		if (!watch(run, run->conns[i].transport.fd, i))
			return false;
	return true;
}

bool
e3_bench_run(const E3BenchPlan *plan, const E3BenchRequest *requests, E3BenchConn *conns,
			 E3BenchCounts *counts)
{
	Run run = {.plan = plan,
			   .requests = requests,
			   .conns = conns,
			   .counts = counts,
			   .epoll_fd = -1,
			   .signal_fd = -1,
			   .seed = plan->seed};
	bool good = set_up(&run);

	if (good)
	{
		run.start_ns = e3_clock_ns();
		run.stop_ns = run.start_ns + plan->seconds * NS_PER_SECOND;
		run.end_ns = run.stop_ns + DRAIN_NS;
		set_next(&run, 0);
		loop(&run);
		count_the_rest(&run);
	}
	if (run.epoll_fd >= 0)
		(void) close(run.epoll_fd);
	if (run.signal_fd >= 0)
		(void) close(run.signal_fd);
	return good;
}
