/*
 * plan/hook.c
 *	  The planner hook.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "optimizer/planner.h"

#include "batch/markers.h"
#include "plan/hook.h"
#include "plan/hoist.h"
#include "plan/inject.h"

static planner_hook_type prev_planner_hook;

/*
 * A foreign data wrapper may send what is the same for every row to its server,
 * and a sub-select is, where a STABLE function of ours is not.  Only the plan has
 * all tables: partitions, children, and what inlined functions brought in.
 */
static bool
reads_foreign_table(PlannedStmt *plan)
{
	ListCell *cell;

	foreach (cell, plan->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_RELATION && entry->relkind == RELKIND_FOREIGN_TABLE)
			return true;
	}
	return false;
}

static PlannedStmt *
plan_as(Query *query, const char *query_string, int cursor_options,
		ParamListInfo bound_params)
{
	planner_hook_type plan =
		prev_planner_hook != NULL ? prev_planner_hook : standard_planner;

	return plan(query, query_string, cursor_options, bound_params);
}

static PlannedStmt *
plan_hoisted(Query *query, const char *query_string, int cursor_options,
			 ParamListInfo bound_params)
{
	bool guarded = false;
	Query *hoisted = evc_markers_take_none() ? NULL : evc_hoist(query, &guarded);
	PlannedStmt *result = NULL;

	if (hoisted != NULL)
		result =
			plan_as(hoisted, query_string,
					guarded ? cursor_options & ~CURSOR_OPT_PARALLEL_OK : cursor_options,
					bound_params);
	if (result == NULL || reads_foreign_table(result))
		result = plan_as(query, query_string, cursor_options, bound_params);
	return result;
}

static PlannedStmt *
plan_with_batches(Query *query, const char *query_string, int cursor_options,
				  ParamListInfo bound_params)
{
	PlannedStmt *result = plan_hoisted(query, query_string, cursor_options, bound_params);

	/* It has the functions that are called and are not built in. */
	if (result->invalItems != NIL)
		evc_inject(result, cursor_options);
	return result;
}

void
evc_plan_init(void)
{
	prev_planner_hook = planner_hook;
	planner_hook = plan_with_batches;
}
