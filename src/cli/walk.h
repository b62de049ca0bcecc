/*
 * cli/walk.h
 *	  Walks a table by ranges of its key, with several workers.
 *
 * Each worker has a connection, and one statement in flight; this process only waits
 * for them.  Ranges are handed out in the key's order, so what is below the oldest one
 * in flight is done: that is what a checkpoint keeps.  Who goes on from there meets
 * rows that have been worked on since, and it is the statement's affair to leave them
 * alone.
 */
#ifndef EVC_CLI_WALK_H
#define EVC_CLI_WALK_H

#include "cli/job.h"

#define EVC_WALK_COUNTS_MAX 8

typedef struct EvcWalk
{
	EvcJob *job;
	const char *head; /* "UPDATE ... SET ..." or "SELECT ... FROM ..." */
	const char *tail; /* " AND ...", after the range */
	/* A snapshot that the control connection has exported, in which all is read;
	 * NULL: each range is a transaction of its own. */
	const char *snapshot;
	/* Rows that were changed, or what a SELECT counted, column by column. */
	long long counts[EVC_WALK_COUNTS_MAX];
} EvcWalk;

/*
 * Goes on from job->reached to the end.  False if it did not get there: there is
 * trouble, or a signal has come.  Rows that fail by themselves are counted in
 * job->failures, and passed over.
 */
extern bool evc_walk(EvcWalk *walk);

/* As above, for an UPDATE, each range in a transaction of its own; frees its texts. */
extern bool evc_walk_update(EvcJob *job, EvcText *head, EvcText *tail);

/* From now on they are noted, and end what the control connection does outside a walk,
 * until the process ends. */
extern void evc_catch_signals(PGconn *control);

/* Has SIGINT or SIGTERM come? */
extern bool evc_interrupted(void);

#endif /* EVC_CLI_WALK_H */
