/*
 * sched/pool.h
 *	  Worker threads, and the queue in front of them.
 *
 * A worker runs a slice of a job, then looks who is next.  With nothing to run it
 * makes itself useful (work.idle): at once if another one rests, who can take the
 * next job, or else when a moment has passed without one.  And it rests when there is
 * nothing of that either, until it has run a job.
 *
 * One worker more is the courier, who runs nothing but first slices of brief jobs.  It is
 * woken when the others are all busy with something longer, whose end need not be
 * waited for then.  Its thread has the process's own niceness, and short turns.
 *
 * Locking law: one mutex guards the queue, the finished jobs and the counts; it is
 * never held while a job runs.  Finished jobs are announced through an eventfd,
 * which the network thread has in its epoll set.
 */
#ifndef E3_POOL_H
#define E3_POOL_H

#include "sched/queue.h"

#include <stdbool.h>

typedef struct E3Pool E3Pool;

/* One of a pool's threads. */
typedef struct E3PoolThread E3PoolThread;

typedef struct E3PoolWork
{
	/*
	 * Runs a slice of a job on a worker; "worker" is what make_worker returned.
	 * False: there is more to do.
	 */
	bool (*run)(E3Job *job, void *worker);
	/* A moment's work that cannot wait long, after each slice; false if there was none.
	 * May be NULL. */
	bool (*between)(void *worker);
	/* A moment's work in advance; false if there is none.  May be NULL. */
	bool (*idle)(void *worker);
	/* Makes one worker's own state, before its thread starts; NULL is failure. */
	void *(*make_worker)(void *shared, const E3PoolThread *thread);
	void (*free_worker)(void *worker);
	void *shared;
	/* Added to the niceness of the threads but the courier's, for the others' sake. */
	int nice;
	/* How long a slice takes, and a turn on the processor (base/turn.h).  0: no end. */
	uint64_t slice_ns;
} E3PoolWork;

/* Starts "workers" threads and the courier; NULL if that fails.  "capacity" bounds the
 * queue. */
extern E3Pool *e3_pool_start(const E3PoolWork *work, uint32_t workers, uint32_t capacity);

/*
 * What happens to a job goes by the table in sched/transitions.h.  These return what
 * is left for the submitter to do: STOP, ANSWER, END or HANG_UP.  With END the job is
 * the submitter's again.
 */

/* Queues it, or refuses it for want of room. */
extern uint32_t e3_pool_submit(E3Pool *pool, E3Job *job) EVW_MUST_USE;

/* CANCEL, EXPIRE, REPEAT or LEAVE, for a job that was submitted and has not ended. */
extern uint32_t e3_pool_tell(E3Pool *pool, E3Job *job, E3JobEvent event) EVW_MUST_USE;

/* There is idle work again, for a worker that rests or will. */
extern void e3_pool_nudge(E3Pool *pool);

/* Does a job wait that nobody has begun, and that this thread would take?  Without a
 * lock. */
extern bool e3_pool_fresh_waits(const E3PoolThread *thread);

/* Readable when jobs have finished. */
extern int e3_pool_event_fd(const E3Pool *pool);

/* Takes the next finished job, NULL if there is none. */
extern E3Job *e3_pool_collect(E3Pool *pool, uint32_t *effects);

/* Jobs that wait, begun or not, and workers that run one, with the courier. */
extern void e3_pool_load(E3Pool *pool, uint32_t *queued, uint32_t *running);

/*
 * Ends the threads, after they have run what is queued.  Collect once more
 * after this, then free.
 */
extern void e3_pool_stop(E3Pool *pool);
extern void e3_pool_free(E3Pool *pool);

#endif /* E3_POOL_H */
