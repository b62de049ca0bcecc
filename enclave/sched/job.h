/*
 * sched/job.h
 *	  What the scheduler moves: the head of somebody's own struct.
 *
 * A job has one owner at a time: the submitter, then the queue, then a worker,
 * and so on, as sched/transitions.h says.  It belongs to a flow (a connection's
 * jobs), and that to a party (an identity's connections), between which the workers
 * are shared out.
 */
#ifndef E3_JOB_H
#define E3_JOB_H

#include "sched/link.h"
#include "sched/transitions.h"

#include "wire/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Jobs that nobody has begun, and the others; and of the fresh those that are brief,
 * which are in two classes. */
typedef enum E3JobClass
{
	E3_JOB_FRESH,
	E3_JOB_BEGUN,
	E3_JOB_BRIEF,
	E3_JOB_CLASSES
} E3JobClass;

#define E3_JOB_NAME(name) E3_JOB_##name,
typedef enum E3JobState
{
	E3_JOB_STATES(E3_JOB_NAME) E3_JOB_N_STATES
} E3JobState;

typedef enum E3JobEvent
{
	E3_JOB_EVENTS(E3_JOB_NAME) E3_JOB_N_EVENTS
} E3JobEvent;
#undef E3_JOB_NAME

/* Links and lists are the queue's; guarded by the pool's mutex. */
typedef struct E3Party
{
	E3Link links[E3_JOB_CLASSES]; /* in the queue's ring, if it has waiting flows */
	E3Link flows[E3_JOB_CLASSES]; /* those with waiting jobs */
	uint32_t queued;			  /* jobs of all its flows */
	size_t memory;				  /* that they hold; for the submitter to count */
	atomic_uint references;
} E3Party;

typedef struct E3Flow
{
	E3Party *party;
	E3Link links[E3_JOB_CLASSES]; /* in the party's ring, if it has waiting jobs */
	E3Link jobs[E3_JOB_CLASSES];
	atomic_uint references;
} E3Flow;

typedef struct E3Job
{
	E3Link link;  /* in a flow's list, or among the done */
	E3Link brief; /* in the flow's list of brief ones */
	E3Flow *flow;
	bool is_brief;	  /* the submitter's guess: a slice will do */
	E3JobClass class; /* in the queue, fresh or begun; a worker's has that of before */
	E3JobState state; /* e3_job_step changes it */
} E3Job;

/* With one reference each; NULL when out of memory.  A flow holds its party, a job
 * that was submitted holds its flow until it is collected or withdrawn. */
extern E3Party *e3_party_new(void);
extern E3Flow *e3_flow_new(E3Party *party);
extern E3Party *e3_party_retain(E3Party *party);
extern void e3_party_release(E3Party *party);
extern void e3_flow_release(E3Flow *flow);

/* A job of this flow, not submitted, and not brief. */
extern void e3_job_init(E3Job *job, E3Flow *flow);

/*
 * Looks the event up, changes the state and returns what is to be done (E3_DO_...).
 * Does not return if the table has no such transition: whatever went wrong, memory
 * with keys in it is no longer what the code takes it for.
 */
extern uint32_t e3_job_step(E3Job *job, E3JobEvent event) EVW_MUST_USE;

#endif /* E3_JOB_H */
