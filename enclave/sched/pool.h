/*
 * sched/pool.h
 *	  Worker threads and the bounded queue in front of them.
 *
 * Locking law: one mutex guards both lists and the counts; it is never held
 * while a job runs.  Finished jobs are announced through an eventfd, which the
 * network thread has in its epoll set.
 */
#ifndef E3_POOL_H
#define E3_POOL_H

#include "sched/job.h"
#include "wire/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct E3Pool E3Pool;

typedef struct E3PoolWork
{
	/* Runs one job on a worker; "worker" is what make_worker returned. */
	void (*run)(E3Job *job, void *worker);
	/* Makes one worker's own state, before its thread starts; NULL is failure. */
	void *(*make_worker)(void *shared);
	void (*free_worker)(void *worker);
	void *shared;
} E3PoolWork;

/* Starts "workers" threads; NULL if that fails.  "capacity" bounds the queue. */
extern E3Pool *e3_pool_start(const E3PoolWork *work, uint32_t workers, uint32_t capacity);

/* OK, or BUSY when the queue is full: the job is then still the caller's. */
extern EvwStatus e3_pool_submit(E3Pool *pool, E3Job *job) EVW_MUST_USE;

/*
 * Takes a job back that no worker has begun: true, and it is the caller's
 * again.  False once a worker has it; it then comes with the finished ones.
 */
extern bool e3_pool_withdraw(E3Pool *pool, E3Job *job);

/* Readable when jobs have finished. */
extern int e3_pool_event_fd(const E3Pool *pool);

/* Moves all finished jobs to "finished". */
extern void e3_pool_collect(E3Pool *pool, E3JobList *finished);

extern void e3_pool_load(E3Pool *pool, uint32_t *queued, uint32_t *running);

/*
 * Ends the threads, after they have run what is queued.  Collect once more
 * after this, then free.
 */
extern void e3_pool_stop(E3Pool *pool);
extern void e3_pool_free(E3Pool *pool);

#endif /* E3_POOL_H */
