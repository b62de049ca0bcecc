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
static void
join(E3Queue *queue, E3Flow *flow, E3JobClass class, E3Link *link)
{
	E3Party *party = flow->party;

	if (e3_link_alone(&flow->links[class]))
		e3_link_append(&party->flows[class], &flow->links[class]);
	if (e3_link_alone(&party->links[class]))
		e3_link_append(&queue->parties[class], &party->links[class]);
	e3_link_append(&flow->jobs[class], link);
	queue->waiting[class]++;
}

static void
leave(E3Queue *queue, E3Flow *flow, E3JobClass class, E3Link *link)
{
	E3Party *party = flow->party;

	e3_link_take_out(link);
	if (e3_link_alone(&flow->jobs[class]))
		e3_link_take_out(&flow->links[class]);
	if (e3_link_alone(&party->flows[class]))
		e3_link_take_out(&party->links[class]);
	queue->waiting[class]--;
}

void
e3_queue_append(E3Queue *queue, E3Job *job, E3JobClass class)
{
	job->class = class;
	join(queue, job->flow, class, &job->link);
	if (class == E3_JOB_FRESH && job->is_brief)
		join(queue, job->flow, E3_JOB_BRIEF, &job->brief);
	job->flow->party->queued++;
}

void
e3_queue_remove(E3Queue *queue, E3Job *job)
{
	leave(queue, job->flow, job->class, &job->link);
	if (job->class == E3_JOB_FRESH && job->is_brief)
		leave(queue, job->flow, E3_JOB_BRIEF, &job->brief);
	job->flow->party->queued--;
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

/* The link of the first job whose turn it is in this class; NULL if there is none. */
static E3Link *
next_of(E3Queue *queue, E3JobClass class)
{
	E3Link *link = e3_link_rotate(&queue->parties[class]);

	if (link == NULL)
		return NULL;
	link = e3_link_rotate(&E3_LINK_OWNER(E3Party, links[class], link)->flows[class]);
	return E3_LINK_OWNER(E3Flow, links[class], link)->jobs[class].next;
}

E3Job *
e3_queue_next(E3Queue *queue)
{
	E3Link *link = next_of(queue, next_class(queue));

	return link != NULL ? E3_LINK_OWNER(E3Job, link, link) : NULL;
}

E3Job *
e3_queue_next_brief(E3Queue *queue)
{
	E3Link *link = next_of(queue, E3_JOB_BRIEF);

	return link != NULL ? E3_LINK_OWNER(E3Job, brief, link) : NULL;
}
