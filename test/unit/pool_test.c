/*
 * unit/pool_test.c
 *	  The queue and its workers: every job once, bounded, drained at the end.
 */
#include "wire_help.h"

#include "sched/pool.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define JOBS 2000

typedef struct CountedJob
{
	E3Job job;
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
use_shared(void *shared)
{
	return shared;
}

static void
keep_shared(void *worker)
{
	(void) worker;
}

static void *
fail_to_make(void *shared)
{
	(void) shared;
	return NULL;
}

static void
run_counted(E3Job *job, void *worker)
{
	Gate *gate = worker;

	pthread_mutex_lock(&gate->mutex);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->mutex);
	pthread_mutex_unlock(&gate->mutex);
	((CountedJob *) job)->runs++;
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
							 .make_worker = use_shared,
							 .free_worker = keep_shared,
							 .shared = gate};
	E3Pool *pool = e3_pool_start(&work, workers, capacity);

	assert_non_null(pool);
	return pool;
}

/* Collects until "count" jobs have come back. */
static void
await(E3Pool *pool, int count)
{
	while (count > 0)
	{
		struct pollfd event = {.fd = e3_pool_event_fd(pool), .events = POLLIN};
		E3JobList finished;

		assert_int_equal(poll(&event, 1, 30000), 1);
		e3_job_list_init(&finished);
		e3_pool_collect(pool, &finished);
		for (E3Job *job; (job = e3_job_list_pop(&finished)) != NULL; count--)
			assert_int_equal(((CountedJob *) job)->runs, 1);
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
	pool = start(&gate, 4, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_status(e3_pool_submit(pool, &jobs[i].job), EVW_OK);
	await(pool, JOBS);
	e3_pool_stop(pool);
	e3_pool_free(pool);
	free(jobs);
}

static void
full_queue_is_busy(void **state)
{
	CountedJob jobs[4] = {0};
	Gate gate;
	E3Pool *pool;
	uint32_t queued;
	uint32_t running = 0;

	(void) state;
	gate_init(&gate, false);
	pool = start(&gate, 1, 2);
	assert_status(e3_pool_submit(pool, &jobs[0].job), EVW_OK);
	/* The worker takes it and waits at the gate. */
	while (running == 0)
		e3_pool_load(pool, &queued, &running);
	assert_status(e3_pool_submit(pool, &jobs[1].job), EVW_OK);
	assert_status(e3_pool_submit(pool, &jobs[2].job), EVW_OK);
	assert_status(e3_pool_submit(pool, &jobs[3].job), EVW_BUSY);
	e3_pool_load(pool, &queued, &running);
	assert_int_equal(queued, 2);
	assert_int_equal(running, 1);
	gate_open(&gate);
	await(pool, 3);
	assert_status(e3_pool_submit(pool, &jobs[3].job), EVW_OK);
	await(pool, 1);
	e3_pool_stop(pool);
	e3_pool_free(pool);
}

static void
only_what_waits_can_be_withdrawn(void **state)
{
	CountedJob jobs[4] = {0};
	Gate gate;
	E3Pool *pool;
	uint32_t queued;
	uint32_t running = 0;

	(void) state;
	gate_init(&gate, false);
	pool = start(&gate, 1, 4);
	assert_status(e3_pool_submit(pool, &jobs[0].job), EVW_OK);
	while (running == 0)
		e3_pool_load(pool, &queued, &running);
	for (int i = 1; i < 4; i++)
		assert_status(e3_pool_submit(pool, &jobs[i].job), EVW_OK);
	assert_false(e3_pool_withdraw(pool, &jobs[0].job));
	/* The last, then one in the middle; twice is once. */
	assert_true(e3_pool_withdraw(pool, &jobs[3].job));
	assert_true(e3_pool_withdraw(pool, &jobs[1].job));
	assert_false(e3_pool_withdraw(pool, &jobs[1].job));
	e3_pool_load(pool, &queued, &running);
	assert_int_equal(queued, 1);
	assert_status(e3_pool_submit(pool, &jobs[3].job), EVW_OK);
	gate_open(&gate);
	await(pool, 3);
	assert_int_equal(jobs[1].runs, 0);
	assert_int_equal(jobs[3].runs, 1);
	e3_pool_stop(pool);
	e3_pool_free(pool);
}

static void
stop_runs_what_is_queued(void **state)
{
	CountedJob jobs[50] = {0};
	Gate gate;
	E3Pool *pool;

	(void) state;
	gate_init(&gate, true);
	pool = start(&gate, 2, 50);
	for (int i = 0; i < 50; i++)
		assert_status(e3_pool_submit(pool, &jobs[i].job), EVW_OK);
	e3_pool_stop(pool);
	await(pool, 50);
	e3_pool_free(pool);
}

static void
worker_that_cannot_be_made_fails_the_start(void **state)
{
	const E3PoolWork work = {.run = run_counted,
							 .make_worker = fail_to_make,
							 .free_worker = keep_shared};

	(void) state;
	assert_null(e3_pool_start(&work, 2, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_queue_is_busy),
		cmocka_unit_test(only_what_waits_can_be_withdrawn),
		cmocka_unit_test(worker_that_cannot_be_made_fails_the_start),
		cmocka_unit_test(stop_runs_what_is_queued),
		cmocka_unit_test(runs_every_job_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
