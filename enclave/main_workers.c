/*
 * main_workers.c
 *	  What workers do: requests, by slices, and in between and while idle what can wait.
 */
#include "main_workers.h"

#include "base/discard.h"
#include "net/work.h"
#include "rpc/rpc.h"

#include <stdlib.h>

/* Requests that may wait: more than this is answered BUSY. */
#define QUEUE_CAPACITY 4096

static bool
fresh_waits(const void *scheduler)
{
	return e3_pool_fresh_waits(scheduler);
}

static void *
make_worker(void *shared, const E3PoolThread *thread)
{
	E3RpcWorker *worker = calloc(1, sizeof(E3RpcWorker));

	if (worker == NULL)
		return NULL;
	worker->shared = shared;
	worker->fresh_waits = fresh_waits;
	worker->scheduler = thread;
	if (e3_rpc_worker_open(worker))
		return worker;
	free(worker);
	return NULL;
}

static void
free_worker(void *state)
{
	E3RpcWorker *worker = state;

	e3_rpc_worker_close(worker);
	free(worker);
}

static bool
run_job(E3Job *job, void *worker)
{
	return e3_rpc_run(worker, &((E3Work *) job)->call);
}

/* What is left of requests must not pile up while others are worked on. */
static bool
clear_up(void *worker)
{
	(void) worker;
	return e3_discard_step();
}

static bool
work_ahead(void *worker)
{
	return e3_discard_step() || e3_rpc_idle(worker);
}

E3Pool *
e3_workers_start(const E3Config *config, E3RpcShared *shared)
{
	const E3PoolWork work = {.run = run_job,
							 .between = clear_up,
							 .idle = work_ahead,
							 .make_worker = make_worker,
							 .free_worker = free_worker,
							 .shared = shared,
							 .nice = (int) config->worker_nice,
							 .slice_ns = shared->slice_ns};

	return e3_pool_start(&work, config->workers, QUEUE_CAPACITY);
}
