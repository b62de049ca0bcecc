/*
 * cli/walk.c
 *	  Hands ranges out to the workers, waits for them, and keeps how far they are.
 */
#include "cli/walk_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "cli/job_steps.h"

#define TICK_MS 100.0
#define CHECKPOINT_MS 500.0

static volatile sig_atomic_t signals;
static volatile sig_atomic_t is_walking;
static PGcancel *to_cancel;

/* In a walk the ranges in flight are waited for; other statements, which may wait for a
 * lock, are given up.  PQcancel is made for handlers. */
static void
on_signal(int number)
{
	char trouble[256];
	int before = errno;

	(void) number;
	signals = signals < 2 ? signals + 1 : 2;
	if (!is_walking && to_cancel != NULL)
		PQcancel(to_cancel, trouble, sizeof(trouble));
	errno = before;
}

bool
evc_interrupted(void)
{
	return signals > 0;
}

void
evc_catch_signals(PGconn *control)
{
	struct sigaction action = {.sa_handler = on_signal};

	to_cancel = PQgetCancel(control);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

typedef struct Crew
{
	EvcWalk *walk;
	Worker *workers;
	int n;
	EvcBound frontier; /* what is below has been handed out */
	long long rows;	   /* of it, all told */
	bool at_end;
	bool is_cancelled;
	double kept_ms;
} Crew;

static bool
must_stop(const Crew *crew)
{
	return evc_interrupted() || crew->walk->job->trouble.is_set;
}

static int
count_in(const Crew *crew, WorkerState state)
{
	int n = 0;

	for (int i = 0; i < crew->n; i++)
		n += crew->workers[i].state == state;
	return n;
}

static void
note_outcome(Worker *worker, bool is_good)
{
	if (!is_good)
		worker->state = WORKER_FAILED;
}

static void
hand_out(Crew *crew, Worker *worker)
{
	EvcJob *job = crew->walk->job;
	EvcBound none = {0};
	EvcBound upper = {0};
	long long rows =
		evc_range_next(job, &crew->frontier, &none, job->cli->job.batch_rows, &upper);

	crew->at_end = rows <= 0;
	if (crew->at_end)
		return;
	evc_bound_copy(&worker->lower, &crew->frontier);
	evc_bound_copy(&worker->upper, &upper);
	evc_bound_free(&crew->frontier);
	crew->frontier = upper;
	worker->rows = rows;
	worker->rows_before = crew->rows;
	crew->rows += rows;
	note_outcome(worker, evc_worker_begin(crew->walk, worker));
}

static void
hand_out_all(Crew *crew)
{
	double now = evc_now_ms();

	for (int i = 0; i < crew->n && !must_stop(crew); i++)
	{
		Worker *worker = &crew->workers[i];

		if (worker->state == WORKER_RESTING && !crew->at_end)
			hand_out(crew, worker);
		else if (worker->state == WORKER_WAITING && worker->again_ms <= now)
			note_outcome(worker, evc_worker_again(crew->walk, worker));
	}
}

static void
wait_and_read(Crew *crew)
{
	struct pollfd fds[EVC_WORKERS_MAX];
	Worker *busy[EVC_WORKERS_MAX];
	nfds_t n = 0;

	for (int i = 0; i < crew->n; i++)
		if (crew->workers[i].state == WORKER_BUSY)
		{
			busy[n] = &crew->workers[i];
			fds[n].fd = PQsocket(busy[n]->server);
			fds[n].events = POLLIN;
			n++;
		}
	if (poll(fds, n, (int) TICK_MS) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents != 0)
			note_outcome(busy[i], evc_worker_read(crew->walk, busy[i]));
}

/* The second signal does not wait for the ranges in flight. */
static void
cancel_all(Crew *crew)
{
	char trouble[256];

	if (signals < 2 || crew->is_cancelled)
		return;
	crew->is_cancelled = true;
	for (int i = 0; i < crew->n; i++)
	{
		PGcancel *cancel = PQgetCancel(crew->workers[i].server);

		if (cancel != NULL && crew->workers[i].state == WORKER_BUSY)
			PQcancel(cancel, trouble, sizeof(trouble));
		PQfreeCancel(cancel);
	}
}

/* What is below the oldest range that is not done. */
static void
find_reached(Crew *crew)
{
	EvcJob *job = crew->walk->job;
	const Worker *oldest = NULL;

	for (int i = 0; i < crew->n; i++)
	{
		const Worker *worker = &crew->workers[i];

		if (worker->state != WORKER_RESTING &&
			(oldest == NULL || worker->rows_before < oldest->rows_before))
			oldest = worker;
	}
	evc_bound_copy(&job->reached, oldest != NULL ? &oldest->lower : &crew->frontier);
	job->rows_done = oldest != NULL ? oldest->rows_before : crew->rows;
}

static long long
rows_done(const Crew *crew)
{
	long long rows = crew->rows;

	for (int i = 0; i < crew->n; i++)
		if (crew->workers[i].state != WORKER_RESTING)
			rows -= crew->workers[i].rows;
	return rows;
}

static void
keep(Crew *crew, bool at_end)
{
	EvcWalk *walk = crew->walk;
	double now = evc_now_ms();

	evc_job_progress(walk->job, rows_done(crew), at_end);
	if (walk->snapshot != NULL || (now - crew->kept_ms < CHECKPOINT_MS && !at_end))
		return;
	crew->kept_ms = now;
	find_reached(crew);
	evc_job_checkpoint(walk->job);
}

static void
walk_on(Crew *crew)
{
	long long before = crew->walk->job->rows_changed;

	for (;;)
	{
		hand_out_all(crew);
		if (count_in(crew, WORKER_BUSY) == 0 &&
			(must_stop(crew) || count_in(crew, WORKER_WAITING) == 0))
			break;
		wait_and_read(crew);
		cancel_all(crew);
		if (crew->walk->snapshot == NULL)
			crew->walk->job->rows_changed = before + crew->walk->counts[0];
		keep(crew, false);
	}
	keep(crew, true);
}

bool
evc_walk(EvcWalk *walk)
{
	EvcJob *job = walk->job;
	Crew crew = {.walk = walk, .rows = job->rows_done};

	is_walking = 1;
	crew.workers = evc_allocate((size_t) job->cli->job.workers, sizeof(*crew.workers));
	evc_bound_copy(&crew.frontier, &job->reached);
	evc_pace_start(&job->pace, evc_now_ms(), crew.rows);
	crew.kept_ms = job->printed_ms = evc_now_ms();
	while (crew.n < job->cli->job.workers &&
		   evc_worker_start(walk, &crew.workers[crew.n]))
		crew.n++;
	if (crew.n == job->cli->job.workers)
		walk_on(&crew);
	for (int i = 0; i < crew.n; i++)
		evc_worker_stop(&crew.workers[i]);
	free(crew.workers);
	is_walking = 0;
	evc_bound_free(&crew.frontier);
	return crew.at_end && !must_stop(&crew);
}

bool
evc_walk_update(EvcJob *job, EvcText *head, EvcText *tail)
{
	EvcWalk walk = {.job = job, .head = head->bytes, .tail = tail->bytes};
	bool walked = evc_walk(&walk);

	free(head->bytes);
	free(tail->bytes);
	return walked;
}
