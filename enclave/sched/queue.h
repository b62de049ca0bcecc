/*
 * sched/queue.h
 *	  Who is next: a bounded queue, fair between parties and their flows.
 *
 *	  queue -> ring of parties -> ring of flows -> jobs in order of arrival
 *
 * Everybody gets one slice a turn: first the parties in turn, then each party's
 * flows in turn.  Jobs that have not begun go first, so that a short one is not
 * held up by long ones; but of so many slices one is for a job that has begun,
 * so that these end as well.  Brief jobs can be taken alone besides, as fairly.
 *
 * No locks: the pool has one around it.
 */
#ifndef E3_QUEUE_H
#define E3_QUEUE_H

#include "sched/job.h"
#include "wire/status.h"

/* Slices in a row for fresh jobs while others wait. */
#define E3_FRESH_RUN 8

typedef struct E3Queue
{
	E3Link parties[E3_JOB_CLASSES];
	uint32_t waiting[E3_JOB_CLASSES];
	uint32_t capacity;
	uint32_t party_capacity;
	uint32_t fresh_run; /* slices in a row that fresh jobs have had */
} E3Queue;

/* Takes up to "capacity" jobs, of one party no more than three quarters of it. */
extern void e3_queue_init(E3Queue *queue, uint32_t capacity);

/* Is there room for a job that has not begun?  The party's share may be full as well. */
extern bool e3_queue_has_room(const E3Queue *queue, const E3Job *job);

/* To the end of its line; one that has begun needs no room. */
extern void e3_queue_append(E3Queue *queue, E3Job *job, E3JobClass class);

/* The job whose turn it is, NULL if there is none; it is still in the queue. */
extern E3Job *e3_queue_next(E3Queue *queue);

/* The same among brief jobs that have not begun, whatever else waits. */
extern E3Job *e3_queue_next_brief(E3Queue *queue);

/* Takes a queued job out. */
extern void e3_queue_remove(E3Queue *queue, E3Job *job);

#endif /* E3_QUEUE_H */
