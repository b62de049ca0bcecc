/*
 * net/server.c
 *	  The network thread: one loop over all descriptors, until drained.
 */
#include "net/server.h"

#include "base/clock.h"
#include "base/discard.h"
#include "base/log.h"
#include "fortress/fortress.h"
#include "net/state.h"
#include "net/stream.h"
#include "net/work.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

/* How often clocks are looked at while there is anything to look at. */
#define TICK_MS 100

static void
start_draining(E3Server *server)
{
	if (server->draining)
	{
		/* Asked twice: do not wait any longer. */
		server->drain_ends_ns = 0;
		return;
	}
	server->draining = true;
	server->drain_ends_ns = e3_clock_ns() + server->setup->config->drain_ms * NS_PER_MS;
	e3_accept_stop(server);
	/* Said when nobody can connect any more. */
	e3_log(E3_LOG_INFO, "draining", "connections=%llu",
		   (unsigned long long) server->stats.connections_open);
}

static void
handle_signals(E3Source *source, uint32_t events)
{
	E3Server *server = (E3Server *) ((char *) source - offsetof(E3Server, signals));
	struct signalfd_siginfo info;

	(void) events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info))
	{
		if (info.ssi_signo == SIGHUP)
			e3_session_reload(server);
		else
			start_draining(server);
	}
}

static void
handle_finished(E3Source *source, uint32_t events)
{
	E3Server *server = (E3Server *) ((char *) source - offsetof(E3Server, finished));
	uint32_t effects;
	E3Job *job;

	(void) events;
	while ((job = e3_pool_collect(server->pool, &effects)) != NULL)
	{
		E3Work *work = (E3Work *) job;

		if (work->stopped_ns > 0)
			e3_latency_add(&server->stops, e3_clock_ns() - work->stopped_ns);
		e3_session_settle(server, work, effects);
	}
}

/* Moves a connection to the list of those to be freed. */
static void
bury(E3Conn *conn)
{
	E3Server *server = conn->owner->context;

	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		server->conns = conn->next;
	conn->prev = NULL;
	conn->next = server->dead;
	server->dead = conn;
	server->stats.connections_open--;
}

static void
free_dead(E3Server *server)
{
	E3Conn *conn;

	while ((conn = server->dead) != NULL)
	{
		server->dead = conn->next;
		e3_conn_free(conn);
	}
}

/* Requests that waited past their deadline need not wait for a worker as well. */
static void
end_late_works(E3Server *server, E3Conn *conn, uint64_t now_ns)
{
	E3Work *next;

	for (E3Work *work = conn->works; work != NULL; work = next)
	{
		next = work->next;
		if (work->call.deadline_ns <= now_ns)
			e3_session_tell(server, work, E3_JOB_EXPIRE, EVW_DEADLINE);
		/* Answering may have ended the connection, and its works with it. */
		if (conn->state == E3_CONN_DEAD)
			return;
	}
}

/* Has it nothing left to do, on an E3 that drains or under certificates of before? */
static bool
is_drained(const E3Server *server, const E3Conn *conn)
{
	if (conn->n_works > 0)
		return false;
	if (server->draining)
		return true;
	/* Not in the middle of anything. */
	return conn->tls != NULL && conn->tls != server->tls &&
		   conn->state == E3_CONN_READY && conn->out_first == NULL &&
		   !evw_frame_begun(&conn->frame);
}

/* Clocks of all connections; those that have been drained go. */
static void
tick(E3Server *server)
{
	uint64_t now_ns = e3_clock_ns();
	E3Conn *next;

	e3_accept_resume(server, now_ns);
	for (E3Conn *conn = server->conns; conn != NULL; conn = next)
	{
		next = conn->next;
		end_late_works(server, conn, now_ns);
		if (is_drained(server, conn))
			e3_conn_linger(conn);
		e3_conn_check_time(conn, now_ns);
	}
}

/* Connections that wait for memory, in their order, as far as there is some. */
static void
wake_waiting(E3Server *server)
{
	E3Share *share;

	while ((share = e3_budget_next(&server->budget)) != NULL)
	{
		E3Conn *conn = E3_LINK_OWNER(E3Conn, share, share);

		e3_conn_update(conn);
		if (conn->paused)
			return;
	}
}

/* A turn for each connection that has bytes which epoll does not know of. */
static void
read_unread(E3Server *server)
{
	E3Link turn;

	if (e3_link_alone(&server->unread))
		return;
	e3_link_init(&turn);
	while (!e3_link_alone(&server->unread))
	{
		E3Link *link = server->unread.next;

		e3_link_take_out(link);
		e3_link_append(&turn, link);
	}
	while (!e3_link_alone(&turn))
	{
		E3Conn *conn = E3_LINK_OWNER(E3Conn, unread, turn.next);

		e3_link_take_out(&conn->unread);
		e3_stream_read(conn);
	}
}

/* How long to wait for an event. */
static int
patience_ms(const E3Server *server)
{
	if (!e3_link_alone(&server->unread))
		return 0;
	return server->conns != NULL || server->accept_ns != 0 ? TICK_MS : -1;
}

static bool
is_finished(const E3Server *server)
{
	if (server->status != EVW_OK)
		return true;
	if (!server->draining)
		return false;
	return server->conns == NULL || e3_clock_ns() >= server->drain_ends_ns;
}

static void
serve(E3Server *server)
{
	uint64_t ticked_ns = e3_clock_ns();

	while (!is_finished(server))
	{
		e3_latency_add(&server->latency,
					   e3_loop_run_once(server->owner.loop, patience_ms(server)));
		read_unread(server);
		wake_waiting(server);
		if (server->pool != NULL && e3_discard_waits())
			e3_pool_nudge(server->pool);
		if (e3_clock_ns() - ticked_ns >= TICK_MS * NS_PER_MS)
		{
			tick(server);
			ticked_ns = e3_clock_ns();
		}
		free_dead(server);
	}
}

/* Nobody is served any more: ends what is left. */
static void
finish(E3Server *server)
{
	e3_accept_stop(server);
	while (server->conns != NULL)
		e3_conn_kill(server->conns);
	free_dead(server);
	if (server->pool != NULL)
	{
		e3_pool_stop(server->pool);
		handle_finished(&server->finished, 0);
	}
	e3_flow_release(server->flow);
	e3_tls_context_release(server->tls);
	close(server->owner.loop);
}

/* Who finds the Unix socket, which comes last, finds the others too. */
static EvwStatus
start_listeners(E3Server *server)
{
	EvwStatus status = e3_accept_start_tls(server);

	if (status == EVW_OK && !server->has_socket)
		status = e3_accept_start(server);
	return status;
}

/* There are keys. */
static EvwStatus
begin_work(E3Server *server, E3Pool *pool)
{
	EvwStatus status;

	server->pool = pool;
	server->finished.fd = e3_pool_event_fd(pool);
	status = e3_loop_add(server->owner.loop, &server->finished, EPOLLIN);
	if (status == EVW_OK && !server->draining)
		status = start_listeners(server);
	if (status == EVW_OK)
		status = e3_fortress_close_calls();
	if (status == EVW_OK)
		e3_log(E3_LOG_INFO, "ready", "socket=\"%s\"", server->setup->config->socket);
	return status;
}

static EvwStatus
begin_waiting(E3Server *server)
{
	EvwStatus status = e3_loop_add(server->owner.loop, &server->opened, EPOLLIN);

	if (status == EVW_OK)
		status = e3_accept_start(server);
	if (status == EVW_OK)
		e3_log(E3_LOG_INFO, "waiting_for_keys", "socket=\"%s\"",
			   server->setup->config->socket);
	return status;
}

static void
handle_opened(E3Source *source, uint32_t events)
{
	E3Server *server = (E3Server *) ((char *) source - offsetof(E3Server, opened));
	E3Pool *pool = NULL;

	(void) events;
	e3_loop_remove(server->owner.loop, source);
	server->status = server->setup->begin(server->setup->context, &pool);
	if (server->status == EVW_OK)
		server->status = begin_work(server, pool);
}

/* For requests that are nobody's. */
static E3Flow *
new_flow(void)
{
	E3Party *party = e3_party_new();
	E3Flow *flow = party != NULL ? e3_flow_new(party) : NULL;

	if (party != NULL)
		e3_party_release(party);
	return flow;
}

static void
init(E3Server *server, const E3ServerSetup *setup)
{
	const E3Config *config = setup->config;

	*server = (E3Server){.setup = setup, .started_ns = e3_clock_ns()};
	if (setup->tls != NULL)
		server->tls = e3_tls_context_retain(setup->tls);
	e3_link_init(&server->unread);
	server->owner =
		(E3ConnOwner){.frame = e3_session_frame,
					  .dead = bury,
					  .loop = e3_loop_new(),
					  .stats = &server->stats,
					  .budget = &server->budget,
					  .unread = &server->unread,
					  .context = server,
					  .hello_timeout_ns = config->hello_timeout_ms * NS_PER_MS,
					  .frame_timeout_ns = config->frame_timeout_ms * NS_PER_MS,
					  .idle_timeout_ns = config->idle_timeout_ms * NS_PER_MS};
	e3_budget_init(&server->budget, config->memory);
	server->flow = new_flow();
	server->signals.fd = setup->signal_fd;
	server->signals.handle = handle_signals;
	server->finished.handle = handle_finished;
	server->opened.fd = setup->opened_fd;
	server->opened.handle = handle_opened;
}

EvwStatus
e3_server_run(const E3ServerSetup *setup)
{
	E3Server server;
	EvwStatus status;

	init(&server, setup);
	if (server.flow == NULL)
		return EVW_OUT_OF_MEMORY;
	status = e3_loop_add(server.owner.loop, &server.signals, EPOLLIN);
	if (status == EVW_OK)
		status = setup->pool != NULL ? begin_work(&server, setup->pool)
									 : begin_waiting(&server);
	if (status == EVW_OK)
	{
		serve(&server);
		status = server.status;
	}
	finish(&server);
	return status;
}
