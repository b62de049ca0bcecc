/*
 * unit/pool_test.c
 *	  The queue and its workers: every job once, bounded, drained at the end.
 */
#include "pool_help.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define JOBS 2000

/* Parts of a job are slices. */
typedef struct CountedJob
{
	E3Job job;
	int parts;
	int runs;
} CountedJob;

/* Workers wait here while it is closed. */
typedef struct Gate
{
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool open;
} Gate;

static void *
fail_to_make(void *shared, const E3PoolThread *thread)
{
	(void) shared;
	(void) thread;
	return NULL;
}

static bool
run_counted(E3Job *job, void *worker)
{
	CountedJob *counted = (CountedJob *) job;
	Gate *gate = worker;

	pthread_mutex_lock(&gate->mutex);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
	counted->runs++;
	return counted->runs >= counted->parts;
}

/* One flow for all jobs of a test. */
static E3Flow *flow;

static int
set_up(void **state)
{
	E3Party *party = e3_party_new();

	(void) state;
	assert_non_null(party);
	flow = e3_flow_new(party);
	assert_non_null(flow);
	e3_party_release(party);
	return 0;
}

static int
tear_down(void **state)
{
	(void) state;
	/* Nobody else holds it any more. */
	assert_int_equal(atomic_load(&flow->references), 1);
	e3_flow_release(flow);
	return 0;
}

static void
make_jobs(CountedJob *jobs, int count, int parts)
{
	for (int i = 0; i < count; i++)
	{
		e3_job_init(&jobs[i].job, flow);
		jobs[i].parts = parts;
		jobs[i].runs = 0;
	}
}

static void
gate_init(Gate *gate, bool open)
{
	pthread_mutex_init(&gate->mutex, NULL);
	pthread_cond_init(&gate->changed, NULL);
	gate->open = open;
}

static void
gate_open(Gate *gate)
{
	pthread_mutex_lock(&gate->mutex);
	gate->open = true;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->mutex);
}

static E3Pool *
start(Gate *gate, uint32_t workers, uint32_t capacity)
{
	const E3PoolWork work = {.run = run_counted,
							 .make_worker = help_share,
							 .free_worker = help_unshare,
							 .shared = gate};
	E3Pool *pool = e3_pool_start(&work, workers, capacity);

	assert_non_null(pool);
	return pool;
}

static void
submit(E3Pool *pool, E3Job *job)
{
	assert_int_equal(e3_pool_submit(pool, job), E3_DO_QUEUE);
}

/* Collects until "count" jobs have come back. */
static void
await(E3Pool *pool, int count)
{
	uint32_t effects;

	while (count > 0)
	{
		struct pollfd event = {.fd = e3_pool_event_fd(pool), .events = POLLIN};

		assert_int_equal(poll(&event, 1, 30000), 1);
		for (E3Job *job; (job = e3_pool_collect(pool, &effects)) != NULL; count--)
		{
			CountedJob *counted = (CountedJob *) job;

			assert_int_equal(counted->runs, counted->parts);
			assert_int_equal(effects, E3_DO_ANSWER | E3_DO_END);
		}
	}
	assert_int_equal(count, 0);
}

static void
runs_every_job_once(void **state)
{
	CountedJob *jobs = calloc(JOBS, sizeof(CountedJob));
	Gate gate;
	E3Pool *pool;

	(void) state;
	gate_init(&gate, true);
	make_jobs(jobs, JOBS, 3);
	pool = start(&gate, 4, 2 * JOBS);
	for (int i = 0; i < JOBS; i++)
		submit(pool, &jobs[i].job);
	await(pool, JOBS);
	e3_pool_stop(pool);
	e3_pool_free(pool);
	free(jobs);
}

static void
full_queue_is_busy(void **state)
{
	CountedJob jobs[4];
	Gate gate;
	E3Pool *pool;
	uint32_t queued;
	uint32_t running = 0;

	(void) state;
	gate_init(&gate, false);
	make_jobs(jobs, 4, 1);
	pool = start(&gate, 1, 2);
	submit(pool, &jobs[0].job);
	/* The worker takes it and waits at the gate. */
	while (running == 0)
		e3_pool_load(pool, &queued, &running);
	submit(pool, &jobs[1].job);
	submit(pool, &jobs[2].job);
	assert_int_equal(e3_pool_submit(pool, &jobs[3].job), E3_DO_ANSWER | E3_DO_END);
	e3_pool_load(pool, &queued, &running);
	assert_int_equal(queued, 2);
	assert_int_equal(running, 1);
	gate_open(&gate);
	await(pool, 3);
	make_jobs(&jobs[3], 1, 1);
	submit(pool, &jobs[3].job);
	await(pool, 1);
	e3_pool_stop(pool);
	e3_pool_free(pool);
}

static void
stop_runs_what_is_queued(void **state)
{
	CountedJob jobs[50];
	Gate gate;
	E3Pool *pool;

	(void) state;
	gate_init(&gate, true);
	make_jobs(jobs, 50, 4);
	pool = start(&gate, 2, 80);
	for (int i = 0; i < 50; i++)
		submit(pool, &jobs[i].job);
	e3_pool_stop(pool);
	await(pool, 50);
	e3_pool_free(pool);
}

/* Idle work: so many steps each time that somebody says there is some. */
typedef struct Chores
{
	atomic_int left;
	atomic_int done;
} Chores;

static bool
do_chore(void *worker)
{
	Chores *chores = worker;

	if (atomic_load(&chores->left) == 0)
		return false;
	atomic_fetch_sub(&chores->left, 1);
	atomic_fetch_add(&chores->done, 1);
	return true;
}

static bool
run_nothing(E3Job *job, void *worker)
{
	(void) job;
	(void) worker;
	return true;
}

static void
idle_workers_make_themselves_useful(void **state)
{
	Chores chores;
	const E3PoolWork work = {.run = run_nothing,
							 .idle = do_chore,
							 .make_worker = help_share,
							 .free_worker = help_unshare,
							 .shared = &chores};
	E3Pool *pool;
	CountedJob job;

	(void) state;
	atomic_init(&chores.left, 5);
	atomic_init(&chores.done, 0);
	pool = e3_pool_start(&work, 1, 2);
	assert_non_null(pool);
	while (atomic_load(&chores.done) < 5)
		sched_yield();
	/* After a job there may be more. */
	atomic_store(&chores.left, 3);
	make_jobs(&job, 1, 0);
	submit(pool, &job.job);
	await(pool, 1);
	while (atomic_load(&chores.done) < 8)
		sched_yield();
	e3_pool_stop(pool);
	e3_pool_free(pool);
}

static void
worker_that_cannot_be_made_fails_the_start(void **state)
{
	const E3PoolWork work = {.run = run_counted,
							 .make_worker = fail_to_make,
							 .free_worker = help_unshare};

	(void) state;
	assert_null(e3_pool_start(&work, 2, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(full_queue_is_busy, set_up, tear_down),
		cmocka_unit_test(worker_that_cannot_be_made_fails_the_start),
		cmocka_unit_test_setup_teardown(stop_runs_what_is_queued, set_up, tear_down),
		cmocka_unit_test_setup_teardown(runs_every_job_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idle_workers_make_themselves_useful, set_up,
										tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
