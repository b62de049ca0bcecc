/*
 * plan/hook.c
 *	  The planner hook.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "optimizer/planner.h"

#include "plan/hook.h"
#include "plan/hoist.h"
#include "plan/markers.h"

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
plan_hoisted(Query *query, const char *query_string, int cursor_options,
			 ParamListInfo bound_params)
{
	planner_hook_type plan =
		prev_planner_hook != NULL ? prev_planner_hook : standard_planner;
	bool guarded = false;
	Query *hoisted = evc_hoist(query, &guarded);
	PlannedStmt *result;

	if (hoisted == NULL)
		return plan(query, query_string, cursor_options, bound_params);
	result = plan(hoisted, query_string,
				  guarded ? cursor_options & ~CURSOR_OPT_PARALLEL_OK : cursor_options,
				  bound_params);
	if (!reads_foreign_table(result))
		return result;
	return plan(query, query_string, cursor_options, bound_params);
}

void
evc_plan_init(void)
{
	evc_markers_init();
	prev_planner_hook = planner_hook;
	planner_hook = plan_hoisted;
}
