/*
 * sched/job.c
 *	  Parties, flows and jobs: made, moved from state to state, released.
 */
#include "sched/job.h"

#include "base/log.h"

#include <stdlib.h>

E3Party *
e3_party_new(void)
{
	E3Party *party = calloc(1, sizeof(E3Party));

	if (party == NULL)
		return NULL;
	for (int i = 0; i < E3_JOB_CLASSES; i++)
	{
		e3_link_init(&party->links[i]);
		e3_link_init(&party->flows[i]);
	}
	atomic_init(&party->references, 1);
	return party;
}

E3Flow *
e3_flow_new(E3Party *party)
{
	E3Flow *flow = calloc(1, sizeof(E3Flow));

	if (flow == NULL)
		return NULL;
	for (int i = 0; i < E3_JOB_CLASSES; i++)
	{
		e3_link_init(&flow->links[i]);
		e3_link_init(&flow->jobs[i]);
	}
	flow->party = e3_party_retain(party);
	atomic_init(&flow->references, 1);
	return flow;
}

E3Party *
e3_party_retain(E3Party *party)
{
	atomic_fetch_add(&party->references, 1);
	return party;
}

void
e3_party_release(E3Party *party)
{
	if (atomic_fetch_sub(&party->references, 1) == 1)
		free(party);
}

void
e3_flow_release(E3Flow *flow)
{
	if (atomic_fetch_sub(&flow->references, 1) != 1)
		return;
	e3_party_release(flow->party);
	free(flow);
}

void
e3_job_init(E3Job *job, E3Flow *flow)
{
	e3_link_init(&job->link);
	e3_link_init(&job->brief);
	job->flow = flow;
	job->is_brief = false;
	job->class = E3_JOB_FRESH;
	job->state = E3_JOB_MADE;
}

typedef struct Transition
{
	bool exists;
	uint8_t next;
	uint8_t effects;
} Transition;

#define ROW(from, event, to, what)                                                       \
	[E3_JOB_##from][E3_JOB_##event] = {true, E3_JOB_##to, what},
static const Transition transitions[E3_JOB_N_STATES][E3_JOB_N_EVENTS] = {
	E3_JOB_TRANSITIONS(ROW)};

#define NAME(name) #name,
static const char *const state_names[] = {E3_JOB_STATES(NAME)};
static const char *const event_names[] = {E3_JOB_EVENTS(NAME)};

uint32_t
e3_job_step(E3Job *job, E3JobEvent event)
{
	const Transition *transition = &transitions[job->state][event];

	if (!transition->exists)
	{
		e3_log(E3_LOG_ERROR, "impossible_transition", "state=%s event=%s",
			   state_names[job->state], event_names[event]);
		abort();
	}
	job->state = transition->next;
	return transition->effects;
}
