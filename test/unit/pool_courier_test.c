/*
 * unit/pool_courier_test.c
 *	  Brief jobs wait for no worker that is busy with something longer.
 */
#include "pool_help.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define MANY 4000
#define LONG_EVERY 5

#define WORKERS_MAX 2

/* Its first slice begins, stays as long as it is held, and is the last if it has no more.
 */
typedef struct HeldJob
{
	E3Job job;
	bool held;
	int slices; /* to be run */
	int runs;
} HeldJob;

/* Not on a test's stack: threads are still at it after a test has failed. */
typedef struct Scene
{
	E3Pool *pool;
	const E3PoolThread *threads[WORKERS_MAX + 1]; /* the courier comes last */
	uint32_t n_threads;
	E3Flow *flow;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	HeldJob longer[3];
	HeldJob brief[8];
} Scene;

static bool
run_held(E3Job *job, void *worker)
{
	HeldJob *one = (HeldJob *) job;
	Scene *scene = worker;
	bool done;

	pthread_mutex_lock(&scene->mutex);
	one->runs++;
	pthread_cond_broadcast(&scene->changed);
	while (one->held)
		pthread_cond_wait(&scene->changed, &scene->mutex);
	done = one->runs >= one->slices;
	pthread_mutex_unlock(&scene->mutex);
	return done;
}

static void *
join(void *shared, const E3PoolThread *thread)
{
	Scene *scene = shared;

	scene->threads[scene->n_threads++] = thread;
	return scene;
}

static Scene *
begin(uint32_t workers)
{
	Scene *scene = calloc(1, sizeof(Scene));
	const E3PoolWork work = {.run = run_held,
							 .make_worker = join,
							 .free_worker = help_unshare,
							 .shared = scene};
	E3Party *party = e3_party_new();

	assert_non_null(scene);
	assert_non_null(party);
	pthread_mutex_init(&scene->mutex, NULL);
	pthread_cond_init(&scene->changed, NULL);
	scene->flow = e3_flow_new(party);
	assert_non_null(scene->flow);
	e3_party_release(party);
	scene->pool = e3_pool_start(&work, workers, 2 * MANY);
	assert_non_null(scene->pool);
	return scene;
}

static void
end(Scene *scene)
{
	uint32_t queued;
	uint32_t running;

	e3_pool_stop(scene->pool);
	e3_pool_load(scene->pool, &queued, &running);
	assert_int_equal(queued, 0);
	assert_int_equal(running, 0);
	e3_pool_free(scene->pool);
	e3_flow_release(scene->flow);
	pthread_cond_destroy(&scene->changed);
	pthread_mutex_destroy(&scene->mutex);
	free(scene);
}

static void
make(const Scene *scene, HeldJob *one, bool is_brief, int slices)
{
	e3_job_init(&one->job, scene->flow);
	one->job.is_brief = is_brief;
	one->held = false;
	one->slices = slices;
	one->runs = 0;
}

static void
submit(const Scene *scene, HeldJob *one)
{
	assert_int_equal(e3_pool_submit(scene->pool, &one->job), E3_DO_QUEUE);
}

/* Submits it and waits until somebody is in its slice, and stays there. */
static void
occupy(Scene *scene, HeldJob *one, bool is_brief)
{
	make(scene, one, is_brief, 1);
	one->held = true;
	submit(scene, one);
	pthread_mutex_lock(&scene->mutex);
	while (one->runs == 0)
		pthread_cond_wait(&scene->changed, &scene->mutex);
	pthread_mutex_unlock(&scene->mutex);
}

static void
let_go(Scene *scene, HeldJob *one)
{
	pthread_mutex_lock(&scene->mutex);
	one->held = false;
	pthread_cond_broadcast(&scene->changed);
	pthread_mutex_unlock(&scene->mutex);
}

static int
runs(Scene *scene, const HeldJob *one)
{
	int count;

	pthread_mutex_lock(&scene->mutex);
	count = one->runs;
	pthread_mutex_unlock(&scene->mutex);
	return count;
}

/* The next that is finished. */
static HeldJob *
collect(const Scene *scene)
{
	struct pollfd event = {.fd = e3_pool_event_fd(scene->pool), .events = POLLIN};
	uint32_t effects = 0;
	E3Job *job;

	assert_int_equal(poll(&event, 1, 30000), 1);
	job = e3_pool_collect(scene->pool, &effects);
	assert_non_null(job);
	assert_int_equal(effects, E3_DO_ANSWER | E3_DO_END);
	return (HeldJob *) job;
}

static void
brief_jobs_pass_busy_workers(void **state)
{
	Scene *scene = begin(2);

	(void) state;
	occupy(scene, &scene->longer[0], false);
	occupy(scene, &scene->longer[1], false);
	make(scene, &scene->longer[2], false, 1);
	submit(scene, &scene->longer[2]);
	for (int i = 0; i < 2; i++)
	{
		make(scene, &scene->brief[i], true, 1);
		submit(scene, &scene->brief[i]);
		assert_ptr_equal(collect(scene), &scene->brief[i]);
	}
	/* Others still wait for a worker. */
	assert_int_equal(runs(scene, &scene->longer[2]), 0);
	let_go(scene, &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->longer[2]);
	let_go(scene, &scene->longer[1]);
	assert_ptr_equal(collect(scene), &scene->longer[1]);
	end(scene);
}

/* What was taken for brief, and is not, goes on with the workers, also if they rest. */
static void
only_first_slices_are_for_the_courier(void **state)
{
	Scene *scene = begin(1);

	(void) state;
	occupy(scene, &scene->longer[0], false);
	make(scene, &scene->brief[0], true, 2);
	make(scene, &scene->brief[1], true, 1);
	submit(scene, &scene->brief[0]);
	submit(scene, &scene->brief[1]);
	assert_ptr_equal(collect(scene), &scene->brief[1]);
	assert_int_equal(runs(scene, &scene->brief[0]), 1);
	let_go(scene, &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->brief[0]);

	occupy(scene, &scene->longer[0], false);
	occupy(scene, &scene->brief[0], true);
	scene->brief[0].slices = 2;
	let_go(scene, &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->longer[0]);
	let_go(scene, &scene->brief[0]);
	assert_ptr_equal(collect(scene), &scene->brief[0]);
	assert_int_equal(scene->brief[0].runs, 2);
	end(scene);
}

/* While the courier is in a brief job's slice, the others are for whoever comes first. */
static void
brief_jobs_are_not_the_couriers_alone(void **state)
{
	Scene *scene = begin(1);

	(void) state;
	occupy(scene, &scene->longer[0], false);
	occupy(scene, &scene->brief[0], true);
	make(scene, &scene->brief[1], true, 1);
	submit(scene, &scene->brief[1]);
	let_go(scene, &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->longer[0]);
	assert_ptr_equal(collect(scene), &scene->brief[1]);
	let_go(scene, &scene->brief[0]);
	assert_ptr_equal(collect(scene), &scene->brief[0]);
	end(scene);
}

/* A slice ends early for what its thread would take, and for nothing else. */
static void
tells_what_waits_for_a_thread(void **state)
{
	Scene *scene = begin(1);
	const E3PoolThread *worker = scene->threads[0];
	const E3PoolThread *courier = scene->threads[1];

	(void) state;
	assert_int_equal(scene->n_threads, 2);
	occupy(scene, &scene->longer[0], false);
	occupy(scene, &scene->brief[0], true);
	assert_false(e3_pool_fresh_waits(worker));
	assert_false(e3_pool_fresh_waits(courier));
	make(scene, &scene->longer[1], false, 1);
	submit(scene, &scene->longer[1]);
	assert_true(e3_pool_fresh_waits(worker));
	assert_false(e3_pool_fresh_waits(courier));
	make(scene, &scene->brief[1], true, 1);
	submit(scene, &scene->brief[1]);
	assert_true(e3_pool_fresh_waits(courier));
	let_go(scene, &scene->longer[0]);
	let_go(scene, &scene->brief[0]);
	for (int i = 0; i < 4; i++)
		assert_int_equal(collect(scene)->runs, 1);
	assert_false(e3_pool_fresh_waits(worker));
	assert_false(e3_pool_fresh_waits(courier));
	end(scene);
}

/* Also what the courier has begun, when the workers may have gone already. */
static void
stop_runs_what_is_queued(void **state)
{
	Scene *scene = begin(1);

	(void) state;
	occupy(scene, &scene->longer[0], false);
	for (int i = 0; i < 8; i++)
	{
		make(scene, &scene->brief[i], true, 3);
		submit(scene, &scene->brief[i]);
	}
	let_go(scene, &scene->longer[0]);
	e3_pool_stop(scene->pool);
	for (int i = 0; i < 9; i++)
		assert_int_equal(collect(scene)->runs >= 1, true);
	for (int i = 0; i < 8; i++)
		assert_int_equal(scene->brief[i].runs, 3);
	end(scene);
}

/* Nothing is forgotten while all of them take from one queue. */
static void
runs_every_job_once(void **state)
{
	HeldJob *jobs = calloc(MANY, sizeof(HeldJob));
	Scene *scene = begin(2);

	(void) state;
	assert_non_null(jobs);
	for (int i = 0; i < MANY; i++)
	{
		make(scene, &jobs[i], i % LONG_EVERY != 0, i % LONG_EVERY == 0 ? 9 : 1 + i % 2);
		submit(scene, &jobs[i]);
	}
	for (int i = 0; i < MANY; i++)
	{
		const HeldJob *one = collect(scene);

		assert_int_equal(one->runs, one->slices);
	}
	end(scene);
	free(jobs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brief_jobs_pass_busy_workers),
		cmocka_unit_test(only_first_slices_are_for_the_courier),
		cmocka_unit_test(brief_jobs_are_not_the_couriers_alone),
		cmocka_unit_test(tells_what_waits_for_a_thread),
		cmocka_unit_test(stop_runs_what_is_queued),
		cmocka_unit_test(runs_every_job_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
