/*
 * unit/pool_events_test.c
 *	  What may happen to a job, in every state it can be in, with a worker that
 *	  goes on when it is told to.
 */
#include "pool_help.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

/* One worker, which stands in a job's slice until the test says how it ends. */
typedef struct Stage
{
	E3Pool *pool;
	E3Flow *flow;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	E3Job *running; /* whose slice it is */
	bool proceed;	/* with the next slice's end */
	bool done;		/* the job's end as well */
} Stage;

static bool
run_on_stage(E3Job *job, void *worker)
{
	Stage *stage = worker;
	bool done;

	pthread_mutex_lock(&stage->mutex);
	stage->running = job;
	pthread_cond_broadcast(&stage->changed);
	while (!stage->proceed)
		pthread_cond_wait(&stage->changed, &stage->mutex);
	stage->proceed = false;
	stage->running = NULL;
	done = stage->done;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->mutex);
	return done;
}

/* Until the worker is in this job's slice. */
static void
await_slice(Stage *stage, const E3Job *job)
{
	pthread_mutex_lock(&stage->mutex);
	while (stage->running == NULL)
		pthread_cond_wait(&stage->changed, &stage->mutex);
	assert_ptr_equal(stage->running, job);
	pthread_mutex_unlock(&stage->mutex);
}

static void
end_slice(Stage *stage, bool done)
{
	pthread_mutex_lock(&stage->mutex);
	stage->done = done;
	stage->proceed = true;
	pthread_cond_broadcast(&stage->changed);
	while (stage->proceed)
		pthread_cond_wait(&stage->changed, &stage->mutex);
	pthread_mutex_unlock(&stage->mutex);
}

static int
set_up(void **state)
{
	Stage *stage = calloc(1, sizeof(Stage));
	const E3PoolWork work = {.run = run_on_stage,
							 .make_worker = help_share,
							 .free_worker = help_unshare,
							 .shared = stage};
	E3Party *party = e3_party_new();

	assert_non_null(stage);
	assert_non_null(party);
	pthread_mutex_init(&stage->mutex, NULL);
	pthread_cond_init(&stage->changed, NULL);
	stage->flow = e3_flow_new(party);
	assert_non_null(stage->flow);
	e3_party_release(party);
	stage->pool = e3_pool_start(&work, 1, 8);
	assert_non_null(stage->pool);
	*state = stage;
	return 0;
}

static int
tear_down(void **state)
{
	Stage *stage = *state;
	uint32_t effects;
	uint32_t queued;
	uint32_t running;

	/* Nothing is left, and nobody else holds the flow any more. */
	e3_pool_load(stage->pool, &queued, &running);
	assert_int_equal(queued, 0);
	assert_int_equal(running, 0);
	assert_null(e3_pool_collect(stage->pool, &effects));
	assert_int_equal(atomic_load(&stage->flow->references), 1);
	e3_pool_stop(stage->pool);
	e3_pool_free(stage->pool);
	e3_flow_release(stage->flow);
	pthread_cond_destroy(&stage->changed);
	pthread_mutex_destroy(&stage->mutex);
	free(stage);
	return 0;
}

static void
submit(Stage *stage, E3Job *job)
{
	e3_job_init(job, stage->flow);
	assert_int_equal(e3_pool_submit(stage->pool, job), E3_DO_QUEUE);
}

static void
assert_tell(Stage *stage, E3Job *job, E3JobEvent event, uint32_t effects)
{
	assert_int_equal(e3_pool_tell(stage->pool, job, event), effects);
}

static void
await_finished(Stage *stage)
{
	struct pollfd event = {.fd = e3_pool_event_fd(stage->pool), .events = POLLIN};

	assert_int_equal(poll(&event, 1, 30000), 1);
}

static void
assert_collect(Stage *stage, const E3Job *job, uint32_t expected)
{
	uint32_t effects = 0;

	await_finished(stage);
	assert_ptr_equal(e3_pool_collect(stage->pool, &effects), job);
	assert_int_equal(effects, expected);
}

#define ENDS (E3_DO_UNQUEUE | E3_DO_END)
#define ENDS_WITH_REPLY (ENDS | E3_DO_ANSWER)
#define FINISHED (E3_DO_ANSWER | E3_DO_END)

/* Brings a job into each state in which something may happen to it. */
typedef struct Cast
{
	Stage *stage;
	E3Job waiting;
	E3Job running;
	E3Job resting;
	E3Job done;
} Cast;

static void
enter(Cast *cast, Stage *stage)
{
	cast->stage = stage;
	submit(stage, &cast->done);
	await_slice(stage, &cast->done);
	end_slice(stage, true);
	submit(stage, &cast->resting);
	await_slice(stage, &cast->resting);
	submit(stage, &cast->running);
	end_slice(stage, false);
	/* A job that has not begun goes first. */
	await_slice(stage, &cast->running);
	submit(stage, &cast->waiting);
	assert_int_equal(cast->waiting.state, E3_JOB_WAITING);
	assert_int_equal(cast->resting.state, E3_JOB_RESTING);
}

/* Those that are left, as they are to end. */
static void
leave(Cast *cast, uint32_t done, uint32_t running)
{
	end_slice(cast->stage, true);
	assert_collect(cast->stage, &cast->done, done);
	assert_collect(cast->stage, &cast->running, running);
}

/* A late one changes nothing, nor does a doubled one. */
static void
cancel_in_every_state(void **state)
{
	Stage *stage = *state;
	Cast cast;

	enter(&cast, stage);
	assert_tell(stage, &cast.waiting, E3_JOB_CANCEL, ENDS_WITH_REPLY);
	assert_tell(stage, &cast.resting, E3_JOB_CANCEL, ENDS_WITH_REPLY);
	assert_tell(stage, &cast.running, E3_JOB_CANCEL, E3_DO_STOP);
	assert_tell(stage, &cast.running, E3_JOB_CANCEL, E3_DO_NOTHING);
	assert_tell(stage, &cast.done, E3_JOB_CANCEL, E3_DO_NOTHING);
	leave(&cast, FINISHED, FINISHED);
}

static void
deadline_in_every_state(void **state)
{
	Stage *stage = *state;
	Cast cast;

	enter(&cast, stage);
	assert_tell(stage, &cast.waiting, E3_JOB_EXPIRE, ENDS_WITH_REPLY);
	assert_tell(stage, &cast.resting, E3_JOB_EXPIRE, ENDS_WITH_REPLY);
	/* The worker sees it by itself. */
	assert_tell(stage, &cast.running, E3_JOB_EXPIRE, E3_DO_NOTHING);
	assert_tell(stage, &cast.running, E3_JOB_CANCEL, E3_DO_STOP);
	assert_tell(stage, &cast.running, E3_JOB_EXPIRE, E3_DO_NOTHING);
	assert_tell(stage, &cast.done, E3_JOB_EXPIRE, E3_DO_NOTHING);
	leave(&cast, FINISHED, FINISHED);
}

/* Nobody is answered who has gone. */
static void
disconnect_in_every_state(void **state)
{
	Stage *stage = *state;
	Cast cast;

	enter(&cast, stage);
	assert_tell(stage, &cast.waiting, E3_JOB_LEAVE, ENDS);
	assert_tell(stage, &cast.resting, E3_JOB_LEAVE, ENDS);
	assert_tell(stage, &cast.running, E3_JOB_LEAVE, E3_DO_STOP);
	assert_tell(stage, &cast.done, E3_JOB_LEAVE, E3_DO_NOTHING);
	leave(&cast, E3_DO_END, E3_DO_END);
}

static void
disconnect_after_cancel(void **state)
{
	Stage *stage = *state;
	E3Job job;

	submit(stage, &job);
	await_slice(stage, &job);
	assert_tell(stage, &job, E3_JOB_CANCEL, E3_DO_STOP);
	assert_tell(stage, &job, E3_JOB_LEAVE, E3_DO_NOTHING);
	end_slice(stage, false);
	await_slice(stage, &job);
	end_slice(stage, true);
	assert_collect(stage, &job, E3_DO_END);
}

static void
repeated_id_in_every_state(void **state)
{
	Stage *stage = *state;
	Cast cast;

	enter(&cast, stage);
	assert_tell(stage, &cast.waiting, E3_JOB_REPEAT, E3_DO_HANG_UP);
	assert_tell(stage, &cast.resting, E3_JOB_REPEAT, E3_DO_HANG_UP);
	assert_tell(stage, &cast.running, E3_JOB_REPEAT, E3_DO_HANG_UP);
	assert_tell(stage, &cast.done, E3_JOB_REPEAT, E3_DO_HANG_UP);
	assert_tell(stage, &cast.waiting, E3_JOB_LEAVE, ENDS);
	assert_tell(stage, &cast.resting, E3_JOB_LEAVE, ENDS);
	assert_tell(stage, &cast.running, E3_JOB_CANCEL, E3_DO_STOP);
	assert_tell(stage, &cast.running, E3_JOB_REPEAT, E3_DO_HANG_UP);
	leave(&cast, FINISHED, FINISHED);
}

/* Its worker goes on with it until it sees that, whoever else waits. */
static void
who_is_told_to_stop_is_not_queued_again(void **state)
{
	Stage *stage = *state;
	E3Job job;
	E3Job other;

	submit(stage, &job);
	await_slice(stage, &job);
	submit(stage, &other);
	assert_tell(stage, &job, E3_JOB_CANCEL, E3_DO_STOP);
	end_slice(stage, false);
	await_slice(stage, &job);
	end_slice(stage, true);
	assert_collect(stage, &job, FINISHED);
	await_slice(stage, &other);
	end_slice(stage, true);
	assert_collect(stage, &other, FINISHED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cancel_in_every_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deadline_in_every_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(disconnect_in_every_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(disconnect_after_cancel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(repeated_id_in_every_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_told_to_stop_is_not_queued_again, set_up,
										tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
