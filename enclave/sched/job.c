/*
 * sched/job.c
 *	  Parties, flows and jobs: made and released.
 */
#include "sched/job.h"

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
	job->flow = flow;
	job->class = E3_JOB_FRESH;
	job->state = E3_JOB_OWNED;
}
