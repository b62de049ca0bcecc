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
		queue->passed[i] = 0;
	}
	queue->capacity = capacity;
	queue->party_capacity = capacity - capacity / 4;
}

uint32_t
e3_queue_fresh(const E3Queue *queue)
{
	return queue->waiting[E3_JOB_BRIEF] + queue->waiting[E3_JOB_FRESH];
}

uint32_t
e3_queue_length(const E3Queue *queue)
{
	return e3_queue_fresh(queue) + queue->waiting[E3_JOB_BEGUN];
}

bool
e3_queue_has_room(const E3Queue *queue, const E3Job *job)
{
	return e3_queue_length(queue) < queue->capacity &&
		   job->flow->party->queued < queue->party_capacity;
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

/* The first that waits, unless one has been passed over for too long. */
static E3JobClass
next_class(const E3Queue *queue)
{
	E3JobClass next = E3_JOB_CLASSES;

	for (E3JobClass class = 0; class < E3_JOB_CLASSES; class ++)
		if (queue->waiting[class] > 0 &&
			(next == E3_JOB_CLASSES || queue->passed[class] >= E3_PASSED_MAX))
			next = class;
	return next;
}

/* It has a slice, the others that wait have not. */
static void
count_passed(E3Queue *queue, E3JobClass next)
{
	for (E3JobClass class = 0; class < E3_JOB_CLASSES; class ++)
		if (class == next || queue->waiting[class] == 0)
			queue->passed[class] = 0;
		else
			queue->passed[class]++;
}

/* NULL if none of this class waits. */
static E3Job *
next_of(E3Queue *queue, E3JobClass class)
{
	E3Link *link = e3_link_rotate(&queue->parties[class]);

	if (link == NULL)
		return NULL;
	link = e3_link_rotate(&E3_LINK_OWNER(E3Party, links[class], link)->flows[class]);
	link = E3_LINK_OWNER(E3Flow, links[class], link)->jobs[class].next;
	return E3_LINK_OWNER(E3Job, link, link);
}

E3Job *
e3_queue_next(E3Queue *queue)
{
	E3JobClass class = next_class(queue);

	count_passed(queue, class);
	return class < E3_JOB_CLASSES ? next_of(queue, class) : NULL;
}

E3Job *
e3_queue_next_brief(E3Queue *queue)
{
	return next_of(queue, E3_JOB_BRIEF);
}
