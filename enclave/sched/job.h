/*
 * sched/job.h
 *	  What the scheduler moves: the head of somebody's own struct.
 *
 *	               submit            take              finished        collect
 *	  submitter's --------> QUEUED --------> RUNNING -------------> DONE -------->
 *submitter's ^                   |  ^             |
 *	       +---- withdraw -----+  +-- yield ----+
 *
 * A job has one owner at a time: the submitter, then the queue, then a worker,
 * and so on.  It belongs to a flow (a connection's jobs), and that to a party (an
 * identity's connections), between which the workers are shared out.
 */
#ifndef E3_JOB_H
#define E3_JOB_H

#include "sched/link.h"

#include <stdatomic.h>
#include <stdint.h>

/* Jobs that no worker has begun, and the others. */
typedef enum E3JobClass
{
	E3_JOB_FRESH,
	E3_JOB_BEGUN,
	E3_JOB_CLASSES
} E3JobClass;

typedef enum E3JobState
{
	E3_JOB_OWNED, /* by the submitter */
	E3_JOB_QUEUED,
	E3_JOB_RUNNING,
	E3_JOB_DONE
} E3JobState;

/* Links and lists are the queue's; guarded by the pool's mutex. */
typedef struct E3Party
{
	E3Link links[E3_JOB_CLASSES]; /* in the queue's ring, if it has waiting flows */
	E3Link flows[E3_JOB_CLASSES]; /* those with waiting jobs */
	uint32_t queued;			  /* jobs of all its flows */
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
	E3Link link; /* in a flow's list, or among the done */
	E3Flow *flow;
	E3JobClass class;
	E3JobState state;
} E3Job;

/* With one reference each; NULL when out of memory.  A flow holds its party, a job
 * that was submitted holds its flow until it is collected or withdrawn. */
extern E3Party *e3_party_new(void);
extern E3Flow *e3_flow_new(E3Party *party);
extern E3Party *e3_party_retain(E3Party *party);
extern void e3_party_release(E3Party *party);
extern void e3_flow_release(E3Flow *flow);

/* A job of this flow, not submitted. */
extern void e3_job_init(E3Job *job, E3Flow *flow);

#endif /* E3_JOB_H */
