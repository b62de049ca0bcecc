/*
 * plan/rescue.c
 *	  Batches for the statement whose planning has loaded the library.
 *
 * Without preload the library comes when the planner asks the support function
 * of the first call that it meets: too late for the planner hook, which this
 * statement has passed.  Its plan is changed when the executor gets it instead.
 * Plans that were made before are thrown away, so that they are made anew.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/supportnodes.h"
#include "utils/plancache.h"

#include "plan/inject.h"
#include "plan/rescue.h"

PG_FUNCTION_INFO_V1(evc_support);

static ExecutorStart_hook_type prev_executor_start_hook;
static bool pending;

static void
start_executor(QueryDesc *query, int eflags)
{
	if (prev_executor_start_hook != NULL)
		prev_executor_start_hook(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

/* A cursor that goes back needs the plan that the planner made for it. */
static bool
may_change(int eflags)
{
	return (eflags & (EXEC_FLAG_BACKWARD | EXEC_FLAG_REWIND | EXEC_FLAG_MARK)) == 0 &&
		   !IsParallelWorker();
}

/* The plan may belong to a cache, so a copy is changed. */
static void
rescue(QueryDesc *query, int eflags)
{
	if (pending && may_change(eflags))
	{
		query->plannedstmt = copyObject(query->plannedstmt);
		evc_inject(query->plannedstmt, 0);
	}
	pending = false;
	start_executor(query, eflags);
}

void
evc_rescue_init(void)
{
	pending = true;
	prev_executor_start_hook = ExecutorStart_hook;
	ExecutorStart_hook = rescue;
	ResetPlanCache();
}

/*
 * Support function of the calls that are batched.  It has nothing to say; being
 * asked is what loads the library.
 */
Datum
evc_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
