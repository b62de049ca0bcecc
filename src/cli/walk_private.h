/*
 * cli/walk_private.h
 *	  The workers of a walk.
 *
 *	            take a range            sent             its result
 *	  RESTING -------------> WORKING ---------> (busy) ----+--> the next piece, or
 *	     ^                      ^                          |    the whole range is
 *	     +----------------------|--------------------------+    done
 *	                            +--- WAITING <-- to be tried again ---+
 *
 * A range is one piece, unless a row of it fails: then it is done in smaller and
 * smaller ones until that row stands alone, which is passed over.
 */
#ifndef EVC_CLI_WALK_PRIVATE_H
#define EVC_CLI_WALK_PRIVATE_H

#include "cli/walk.h"

typedef enum WorkerState
{
	WORKER_RESTING,
	WORKER_BUSY,	/* its statement is with the server */
	WORKER_WAITING, /* for the time at which it is tried again */
	WORKER_FAILED	/* its range is not done, and the walk at its end */
} WorkerState;

typedef struct Worker
{
	PGconn *server;
	WorkerState state;
	bool in_snapshot;
	/* The range, and how many rows the walk has had before it. */
	EvcBound lower;
	EvcBound upper;
	long long rows;
	long long rows_before;
	/* The piece of it that is done now. */
	EvcBound piece_lower;
	EvcBound piece_upper;
	long long piece_rows;
	int tries;
	double again_ms;
} Worker;

/* In walk_range.c: from "lower" on, so many rows or what is left of them, which is
 * 0 at the end.  Below 0: trouble. */
extern long long evc_range_next(EvcJob *job, const EvcBound *lower,
								const EvcBound *within, long long rows, EvcBound *upper);

/* In walk_worker.c; false is trouble. */
extern bool evc_worker_start(EvcWalk *walk, Worker *worker);
extern void evc_worker_stop(Worker *worker);
/* Begins with the range that lower, upper and rows say. */
extern bool evc_worker_begin(EvcWalk *walk, Worker *worker);
/* To be called when the time has come. */
extern bool evc_worker_again(EvcWalk *walk, Worker *worker);
/* To be called when its socket is readable. */
extern bool evc_worker_read(EvcWalk *walk, Worker *worker);

#endif /* EVC_CLI_WALK_PRIVATE_H */
