/*
 * plan/hook.c
 *	  The planner hook.
 */
#include "postgres.h"

#include "optimizer/planner.h"

#include "plan/hook.h"
#include "plan/hoist.h"
#include "plan/markers.h"

static planner_hook_type prev_planner_hook;

static PlannedStmt *
plan_hoisted(Query *query, const char *query_string, int cursor_options,
			 ParamListInfo bound_params)
{
	planner_hook_type plan =
		prev_planner_hook != NULL ? prev_planner_hook : standard_planner;

	return plan(evc_hoist(query), query_string, cursor_options, bound_params);
}

void
evc_plan_init(void)
{
	evc_markers_init();
	prev_planner_hook = planner_hook;
	planner_hook = plan_hoisted;
}
