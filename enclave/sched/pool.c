/*
 * sched/pool.c
 *	  Worker threads and the bounded queue in front of them.
 */
#include "sched/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct Worker
{
	E3Pool *pool;
	void *state;
	pthread_t thread;
} Worker;

struct E3Pool
{
	E3PoolWork work;
	int event_fd;
	uint32_t capacity;
	uint32_t n_workers; /* started */
	Worker *workers;

	pthread_mutex_t mutex;
	pthread_cond_t wanted; /* a job was queued, or the pool is stopping */
	E3JobList queue;
	E3JobList finished;
	uint32_t queued;
	uint32_t running;
	bool stopping;
};

/* Waits for a job; NULL when the pool stops and nothing is left. */
static E3Job *
take(E3Pool *pool)
{
	E3Job *job;

	pthread_mutex_lock(&pool->mutex);
	while (pool->queue.first == NULL && !pool->stopping)
		pthread_cond_wait(&pool->wanted, &pool->mutex);
	job = e3_job_list_pop(&pool->queue);
	if (job != NULL)
	{
		pool->queued--;
		pool->running++;
	}
	pthread_mutex_unlock(&pool->mutex);
	return job;
}

static void
finish(E3Pool *pool, E3Job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&pool->mutex);
	e3_job_list_push(&pool->finished, job);
	pool->running--;
	pthread_mutex_unlock(&pool->mutex);
	/* Can only fail when the counter is full, and then it is readable anyway. */
	if (write(pool->event_fd, &one, sizeof(one)) < 0)
		return;
}

static void *
worker_main(void *arg)
{
	Worker *worker = arg;
	E3Job *job;

	while ((job = take(worker->pool)) != NULL)
	{
		worker->pool->work.run(job, worker->state);
		finish(worker->pool, job);
	}
	return NULL;
}

static bool
start_worker(E3Pool *pool)
{
	Worker *worker = &pool->workers[pool->n_workers];

	worker->pool = pool;
	worker->state = pool->work.make_worker(pool->work.shared);
	if (worker->state == NULL)
		return false;
	if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
	{
		pool->work.free_worker(worker->state);
		return false;
	}
	pool->n_workers++;
	return true;
}

E3Pool *
e3_pool_start(const E3PoolWork *work, uint32_t workers, uint32_t capacity)
{
	E3Pool *pool = calloc(1, sizeof(E3Pool));

	if (pool == NULL)
		return NULL;
	pool->work = *work;
	pool->capacity = capacity;
	pool->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pool->workers = calloc(workers, sizeof(Worker));
	e3_job_list_init(&pool->queue);
	e3_job_list_init(&pool->finished);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->wanted, NULL);
	while (pool->event_fd >= 0 && pool->workers != NULL && pool->n_workers < workers)
		if (!start_worker(pool))
			break;
	if (pool->n_workers == workers)
		return pool;
	e3_pool_stop(pool);
	e3_pool_free(pool);
	return NULL;
}

EvwStatus
e3_pool_submit(E3Pool *pool, E3Job *job)
{
	EvwStatus status = EVW_BUSY;

	pthread_mutex_lock(&pool->mutex);
	if (pool->queued < pool->capacity)
	{
		e3_job_list_push(&pool->queue, job);
		pool->queued++;
		status = EVW_OK;
		pthread_cond_signal(&pool->wanted);
	}
	pthread_mutex_unlock(&pool->mutex);
	return status;
}

bool
e3_pool_withdraw(E3Pool *pool, E3Job *job)
{
	bool withdrawn;

	pthread_mutex_lock(&pool->mutex);
	withdrawn = e3_job_list_remove(&pool->queue, job);
	if (withdrawn)
		pool->queued--;
	pthread_mutex_unlock(&pool->mutex);
	return withdrawn;
}

int
e3_pool_event_fd(const E3Pool *pool)
{
	return pool->event_fd;
}

void
e3_pool_collect(E3Pool *pool, E3JobList *finished)
{
	uint64_t events;
	E3Job *job;

	/* Nothing to read is fine: the jobs may have been collected already. */
	if (read(pool->event_fd, &events, sizeof(events)) < 0)
		events = 0;
	pthread_mutex_lock(&pool->mutex);
	while ((job = e3_job_list_pop(&pool->finished)) != NULL)
		e3_job_list_push(finished, job);
	pthread_mutex_unlock(&pool->mutex);
}

void
e3_pool_load(E3Pool *pool, uint32_t *queued, uint32_t *running)
{
	pthread_mutex_lock(&pool->mutex);
	*queued = pool->queued;
	*running = pool->running;
	pthread_mutex_unlock(&pool->mutex);
}

void
e3_pool_stop(E3Pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wanted);
	pthread_mutex_unlock(&pool->mutex);
	for (uint32_t i = 0; i < pool->n_workers; i++)
	{
		pthread_join(pool->workers[i].thread, NULL);
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
	pthread_mutex_destroy(&pool->mutex);
	free(pool->workers);
	free(pool);
}
