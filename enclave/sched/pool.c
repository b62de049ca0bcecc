/*
 * sched/pool.c
 *	  Worker threads, and the queue in front of them.
 */
#include "sched/pool.h"

#include "base/debug_point.h"
#include "base/nice.h"
#include "base/turn.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Without a job for so long, none is expected: longer than a client needs between two. */
#define MOMENT_NS 1000000

/* As short as the kernel takes: the courier's jobs are, and it is to run at once. */
#define COURIER_TURN_NS 100000

#define NS_PER_S 1000000000

struct E3PoolThread
{
	E3Pool *pool;
	bool is_courier;
	void *state;
	E3Turn turn;
	pthread_t id;
};

struct E3Pool
{
	E3PoolWork work;
	int event_fd;
	uint32_t n_workers; /* started, with the courier */
	E3PoolThread *workers;

	/* As in the queue, to be read without the mutex. */
	atomic_uint waiting[E3_JOB_CLASSES];

	pthread_mutex_t mutex;
	pthread_cond_t wanted; /* something to do, or the pool is stopping */
	pthread_cond_t hurry;  /* the same, for the courier */
	E3Queue queue;
	E3Link finished;
	uint32_t running;
	uint32_t running_brief; /* those of them that are brief and were not queued again */
	uint32_t resting;		/* workers that wait for a job, without the courier */
	bool nudged;			/* there may be idle work, whatever was said before */
	bool stopping;
};

/* With the mutex held. */
static void
tell_waiting(E3Pool *pool)
{
	for (int i = 0; i < E3_JOB_CLASSES; i++)
		atomic_store_explicit(&pool->waiting[i], pool->queue.waiting[i],
							  memory_order_relaxed);
}

/* With the mutex held: does what is the pool's of an event; returns all of it. */
static uint32_t
step(E3Pool *pool, E3Job *job, E3JobEvent event)
{
	uint32_t effects = e3_job_step(job, event);

	if (effects & E3_DO_UNQUEUE)
		e3_queue_remove(&pool->queue, job);
	if (effects & E3_DO_QUEUE)
		e3_queue_append(&pool->queue, job,
						job->state == E3_JOB_WAITING ? E3_JOB_FRESH : E3_JOB_BEGUN);
	if (effects & (E3_DO_QUEUE | E3_DO_UNQUEUE))
		tell_waiting(pool);
	if (effects & E3_DO_DELIVER)
		e3_link_append(&pool->finished, &job->link);
	return effects;
}

/* With the mutex held: a job runs that was of this class while it waited. */
static void
count_in(E3Pool *pool, const E3Job *job, E3JobClass class)
{
	pool->running++;
	if (job->is_brief && class == E3_JOB_FRESH)
		pool->running_brief++;
}

/* With the mutex held: it runs no longer. */
static void
count_out(E3Pool *pool, const E3Job *job, E3JobClass class)
{
	pool->running--;
	if (job->is_brief && class == E3_JOB_FRESH)
		pool->running_brief--;
}

/*
 * With the mutex held, after a job has come or was taken.  Where a brief one runs, by the
 * courier or a worker, that is mostly over soon, and who runs it takes the next:
 * that is not worth a change of threads.
 */
static void
call_courier(E3Pool *pool)
{
	if (pool->queue.waiting[E3_JOB_BRIEF] > 0 && pool->resting == 0 &&
		pool->running_brief == 0)
		pthread_cond_signal(&pool->hurry);
}

/* With the mutex held; NULL if nothing waits for this worker. */
static E3Job *
begin_next(const E3PoolThread *worker)
{
	E3Pool *pool = worker->pool;
	bool brief_only = worker->is_courier && !pool->stopping;
	E3Job *job =
		brief_only ? e3_queue_next_brief(&pool->queue) : e3_queue_next(&pool->queue);

	if (job == NULL)
		return NULL;
	(void) step(pool, job, E3_JOB_TAKE);
	count_in(pool, job, job->class);
	call_courier(pool);
	return job;
}

/* Waits until there is a job, or a moment; true if nobody said there was one. */
static bool
rest(E3Pool *pool, bool for_a_moment)
{
	struct timespec end;
	int result = 0;

	pool->resting++;
	if (for_a_moment)
	{
		clock_gettime(CLOCK_MONOTONIC, &end);
		end.tv_nsec += MOMENT_NS;
		if (end.tv_nsec >= NS_PER_S)
		{
			end.tv_sec++;
			end.tv_nsec -= NS_PER_S;
		}
		result = pthread_cond_timedwait(&pool->wanted, &pool->mutex, &end);
	}
	else
		(void) pthread_cond_wait(&pool->wanted, &pool->mutex);
	pool->resting--;
	return result == ETIMEDOUT;
}

/*
 * There is no job.  Does a step of idle work, with the mutex let go of, or rests.
 * *useful: there may be idle work; *begun: nobody has come since it was begun.
 */
static void
pass_time(E3PoolThread *worker, bool *useful, bool *begun)
{
	E3Pool *pool = worker->pool;

	if (worker->is_courier)
	{
		(void) pthread_cond_wait(&pool->hurry, &pool->mutex);
		return;
	}
	if (pool->nudged)
	{
		pool->nudged = false;
		*useful = pool->work.idle != NULL;
	}
	if (!*useful || (!*begun && pool->resting == 0))
	{
		*begun = rest(pool, *useful);
		return;
	}
	pthread_mutex_unlock(&pool->mutex);
	*useful = pool->work.idle(worker->state);
	e3_turn_check(&worker->turn);
	pthread_mutex_lock(&pool->mutex);
}

/* Waits for a job; NULL when the pool stops and nothing is left. */
static E3Job *
take(E3PoolThread *worker)
{
	E3Pool *pool = worker->pool;
	bool useful = pool->work.idle != NULL;
	bool begun = false;
	E3Job *job;

	pthread_mutex_lock(&pool->mutex);
	while ((job = begin_next(worker)) == NULL && !pool->stopping)
		pass_time(worker, &useful, &begun);
	pthread_mutex_unlock(&pool->mutex);
	return job;
}

/* The slice is over: whose turn is it?  Perhaps the same job's; perhaps nobody's. */
static E3Job *
yield(const E3PoolThread *worker, E3Job *job)
{
	E3Pool *pool = worker->pool;
	E3JobClass class = job->class;

	pthread_mutex_lock(&pool->mutex);
	if (step(pool, job, E3_JOB_YIELD) & E3_DO_QUEUE)
	{
		count_out(pool, job, class);
		if (worker->is_courier)
			pthread_cond_signal(&pool->wanted);
		job = begin_next(worker);
	}
	pthread_mutex_unlock(&pool->mutex);
	return job;
}

static void
finish(E3Pool *pool, E3Job *job)
{
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&pool->mutex);
	first = e3_link_alone(&pool->finished);
	(void) step(pool, job, E3_JOB_FINISH);
	count_out(pool, job, job->class);
	pthread_mutex_unlock(&pool->mutex);
	E3_DEBUG_POINT("finished");
	/* Can only fail when the counter is full, and then it is readable anyway. */
	if (first && write(pool->event_fd, &one, sizeof(one)) < 0)
		return;
}

/* After a slice, and after what can wait no longer: others may need the processor. */
static void
give_way(E3PoolThread *worker)
{
	const E3PoolWork *work = &worker->pool->work;

	e3_turn_check(&worker->turn);
	if (!worker->is_courier && work->between != NULL && work->between(worker->state))
		e3_turn_check(&worker->turn);
}

/* False: there is more to do. */
static bool
run_slice(const E3PoolThread *worker, E3Job *job)
{
	bool done;

	E3_DEBUG_POINT("before_slice");
	done = worker->pool->work.run(job, worker->state);
	if (!done)
		E3_DEBUG_POINT("after_slice");
	return done;
}

/* Slices of this job, and of those that come in between, until one is done. */
static void
run(E3PoolThread *worker, E3Job *job)
{
	while (job != NULL && !run_slice(worker, job))
	{
		give_way(worker);
		job = yield(worker, job);
	}
	if (job != NULL)
		finish(worker->pool, job);
	give_way(worker);
}

static void *
worker_main(void *arg)
{
	E3PoolThread *worker = arg;
	const E3PoolWork *work = &worker->pool->work;
	bool short_turns = worker->is_courier && work->slice_ns > COURIER_TURN_NS;
	E3Job *job;

	e3_be_nice(worker->is_courier ? 0 : work->nice);
	e3_turn_begin(&worker->turn, short_turns ? COURIER_TURN_NS : work->slice_ns);
	while ((job = take(worker)) != NULL)
		run(worker, job);
	return NULL;
}

static bool
start_worker(E3Pool *pool, bool is_courier)
{
	E3PoolThread *worker = &pool->workers[pool->n_workers];

	worker->pool = pool;
	worker->is_courier = is_courier;
	worker->state = pool->work.make_worker(pool->work.shared, worker);
	if (worker->state == NULL)
		return false;
	if (pthread_create(&worker->id, NULL, worker_main, worker) != 0)
	{
		pool->work.free_worker(worker->state);
		return false;
	}
	pool->n_workers++;
	return true;
}

/* Its clock is the one that nobody sets. */
static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

E3Pool *
e3_pool_start(const E3PoolWork *work, uint32_t workers, uint32_t capacity)
{
	E3Pool *pool = calloc(1, sizeof(E3Pool));

	if (pool == NULL)
		return NULL;
	pool->work = *work;
	pool->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pool->workers = calloc((size_t) workers + 1, sizeof(E3PoolThread));
	e3_queue_init(&pool->queue, capacity);
	e3_link_init(&pool->finished);
	for (int i = 0; i < E3_JOB_CLASSES; i++)
		atomic_init(&pool->waiting[i], 0);
	pthread_mutex_init(&pool->mutex, NULL);
	init_condition(&pool->wanted);
	init_condition(&pool->hurry);
	while (pool->event_fd >= 0 && pool->workers != NULL && pool->n_workers <= workers)
		if (!start_worker(pool, pool->n_workers == workers))
			break;
	if (pool->n_workers > workers)
		return pool;
	e3_pool_stop(pool);
	e3_pool_free(pool);
	return NULL;
}

uint32_t
e3_pool_submit(E3Pool *pool, E3Job *job)
{
	bool room;
	uint32_t effects;

	pthread_mutex_lock(&pool->mutex);
	room = e3_queue_has_room(&pool->queue, job);
	effects = step(pool, job, room ? E3_JOB_SUBMIT : E3_JOB_REFUSE);
	if (effects & E3_DO_QUEUE)
	{
		atomic_fetch_add(&job->flow->references, 1);
		pthread_cond_signal(&pool->wanted);
		call_courier(pool);
	}
	pthread_mutex_unlock(&pool->mutex);
	return effects;
}

uint32_t
e3_pool_tell(E3Pool *pool, E3Job *job, E3JobEvent event)
{
	uint32_t effects;

	pthread_mutex_lock(&pool->mutex);
	effects = step(pool, job, event);
	pthread_mutex_unlock(&pool->mutex);
	if (effects & E3_DO_END)
		e3_flow_release(job->flow);
	return effects;
}

void
e3_pool_nudge(E3Pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->nudged = true;
	if (pool->resting > 0)
		pthread_cond_signal(&pool->wanted);
	pthread_mutex_unlock(&pool->mutex);
}

bool
e3_pool_fresh_waits(const E3PoolThread *thread)
{
	E3JobClass class = thread->is_courier ? E3_JOB_BRIEF : E3_JOB_FRESH;

	return atomic_load_explicit(&thread->pool->waiting[class], memory_order_relaxed) > 0;
}

int
e3_pool_event_fd(const E3Pool *pool)
{
	return pool->event_fd;
}

E3Job *
e3_pool_collect(E3Pool *pool, uint32_t *effects)
{
	uint64_t events;
	E3Link *link;
	E3Job *job = NULL;

	pthread_mutex_lock(&pool->mutex);
	link = pool->finished.next;
	if (link != &pool->finished)
	{
		job = E3_LINK_OWNER(E3Job, link, link);
		e3_link_take_out(link);
		*effects = step(pool, job, E3_JOB_COLLECT);
	}
	/* Under the mutex, or a job that finishes meanwhile would not be announced. */
	if (e3_link_alone(&pool->finished) &&
		read(pool->event_fd, &events, sizeof(events)) < 0)
		events = 0;
	pthread_mutex_unlock(&pool->mutex);
	if (job != NULL)
		e3_flow_release(job->flow);
	return job;
}

void
e3_pool_load(E3Pool *pool, uint32_t *queued, uint32_t *running)
{
	pthread_mutex_lock(&pool->mutex);
	*queued = pool->queue.waiting[E3_JOB_FRESH] + pool->queue.waiting[E3_JOB_BEGUN];
	*running = pool->running;
	pthread_mutex_unlock(&pool->mutex);
}

void
e3_pool_stop(E3Pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wanted);
	pthread_cond_broadcast(&pool->hurry);
	pthread_mutex_unlock(&pool->mutex);
	for (uint32_t i = 0; i < pool->n_workers; i++)
	{
		pthread_join(pool->workers[i].id, NULL);
		pool->work.free_worker(pool->workers[i].state);
	}
	pool->n_workers = 0;
}

void
e3_pool_free(E3Pool *pool)
{
	if (pool == NULL)
		return;
	if (pool->event_fd >= 0)
		close(pool->event_fd);
	pthread_cond_destroy(&pool->wanted);
	pthread_cond_destroy(&pool->hurry);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->workers);
	free(pool);
}
