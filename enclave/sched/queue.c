/*
 * sched/queue.c
 *	  Who is next.
 */
#include "sched/queue.h"

void
e3_queue_init(E3Queue *queue, uint32_t capacity)
{
	for (int i = 0; i < E3_JOB_CLASSES; i++)
	{
		e3_link_init(&queue->parties[i]);
		queue->waiting[i] = 0;
	}
	queue->capacity = capacity;
	queue->party_capacity = capacity - capacity / 4;
	queue->fresh_run = 0;
}

bool
e3_queue_has_room(const E3Queue *queue, const E3Job *job)
{
	uint32_t queued = queue->waiting[E3_JOB_FRESH] + queue->waiting[E3_JOB_BEGUN];

	return queued < queue->capacity && job->flow->party->queued < queue->party_capacity;
}

/* Whoever was idle goes to the end of the line. */
void
e3_queue_append(E3Queue *queue, E3Job *job, E3JobClass class)
{
	E3Flow *flow = job->flow;
	E3Party *party = flow->party;

	job->class = class;
	if (e3_link_alone(&flow->links[class]))
		e3_link_append(&party->flows[class], &flow->links[class]);
	if (e3_link_alone(&party->links[class]))
		e3_link_append(&queue->parties[class], &party->links[class]);
	e3_link_append(&flow->jobs[class], &job->link);
	queue->waiting[class]++;
	party->queued++;
}

void
e3_queue_remove(E3Queue *queue, E3Job *job)
{
	E3JobClass class = job->class;
	E3Flow *flow = job->flow;
	E3Party *party = flow->party;

	e3_link_take_out(&job->link);
	if (e3_link_alone(&flow->jobs[class]))
		e3_link_take_out(&flow->links[class]);
	if (e3_link_alone(&party->flows[class]))
		e3_link_take_out(&party->links[class]);
	queue->waiting[class]--;
	party->queued--;
}

static E3JobClass
next_class(E3Queue *queue)
{
	bool fresh = queue->waiting[E3_JOB_FRESH] > 0;
	bool begun = queue->waiting[E3_JOB_BEGUN] > 0;

	if (fresh && (!begun || queue->fresh_run < E3_FRESH_RUN))
	{
		queue->fresh_run++;
		return E3_JOB_FRESH;
	}
	queue->fresh_run = 0;
	return E3_JOB_BEGUN;
}

E3Job *
e3_queue_next(E3Queue *queue)
{
	E3JobClass class = next_class(queue);
	E3Link *link = e3_link_rotate(&queue->parties[class]);

	if (link == NULL)
		return NULL;
	link = e3_link_rotate(&E3_LINK_OWNER(E3Party, links[class], link)->flows[class]);
	link = E3_LINK_OWNER(E3Flow, links[class], link)->jobs[class].next;
	return E3_LINK_OWNER(E3Job, link, link);
}
