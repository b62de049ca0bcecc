/*
 * exec/state.h
 *	  The node while it runs; shared by the files of this room only.
 */
#ifndef EVC_EXEC_STATE_H
#define EVC_EXEC_STATE_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "compat.h"
#include "exec/rowset.h"
#include "exec/scan_private.h"
#include "guc.h"

#define EVC_SETS EVC_BATCH_DEPTH_MAX

typedef struct EvcScanState
{
	CustomScanState css;		/* first: the executor's view of it */
	struct EvcScanState *below; /* the next such node, if it can hold rows back */
	bool waited_for;			/* rows are read because the next one is wanted */
	bool defer_errors;			/* set by such a node above, which reads ahead */
	bool deferred;				/* the next row fails, so it was not given */
	EvcRowShape shape;
	EvcRowSet sets[EVC_SETS];
	bool sets_ready; /* made at the first row, not for EXPLAIN */
	int current;	 /* set that rows are emitted from */
	bool ended;		 /* the child has no more rows */
	EvcScanHint hint;
	int look_ahead;			/* rows of the next fill */
	int64 wanted;			/* rows still to be read, with EVC_HINT_LIMITED */
	ExprContext *arguments; /* for the calls' arguments */
} EvcScanState;

/* exec/explain.c: lines of EXPLAIN. */
extern void evc_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es);

/* Functions whose calls the node has taken over, one a call. */
extern List *evc_scan_functions(const CustomScan *plan);

#endif /* EVC_EXEC_STATE_H */
