/*
 * sched/job.h
 *	  What the scheduler moves: the head of somebody's own struct.
 *
 *	  submitted -> queued -> running -> finished -> collected
 *
 * A job has one owner at a time: the submitter, then the queue, then a worker,
 * then the list of finished jobs, then the submitter again.
 */
#ifndef E3_JOB_H
#define E3_JOB_H

#include <stdbool.h>
#include <stddef.h>

typedef struct E3Job
{
	struct E3Job *next;
} E3Job;

/* First in, first out. */
typedef struct E3JobList
{
	E3Job *first;
	E3Job **last; /* where the next one is hung */
} E3JobList;

static inline void
e3_job_list_init(E3JobList *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static inline void
e3_job_list_push(E3JobList *list, E3Job *job)
{
	job->next = NULL;
	*list->last = job;
	list->last = &job->next;
}

static inline E3Job *
e3_job_list_pop(E3JobList *list)
{
	E3Job *job = list->first;

	if (job == NULL)
		return NULL;
	list->first = job->next;
	if (list->first == NULL)
		list->last = &list->first;
	return job;
}

/* Takes one job out of the middle; false if it is not in the list. */
static inline bool
e3_job_list_remove(E3JobList *list, E3Job *job)
{
	for (E3Job **at = &list->first; *at != NULL; at = &(*at)->next)
	{
		if (*at != job)
			continue;
		*at = job->next;
		if (*at == NULL)
			list->last = at;
		return true;
	}
	return false;
}

#endif /* E3_JOB_H */
