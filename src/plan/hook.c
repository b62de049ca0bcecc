/*
 * plan/hook.c
 *	  The planner hook.
 */
#include "postgres.h"

#include "optimizer/planner.h"

#include "plan/hook.h"
#include "plan/hoist.h"
#include "plan/inject.h"

static planner_hook_type prev_planner_hook;

static PlannedStmt *
plan_hoisted(Query *query, const char *query_string, int cursor_options,
			 ParamListInfo bound_params)
{
	planner_hook_type plan =
		prev_planner_hook != NULL ? prev_planner_hook : standard_planner;

	PlannedStmt *stmt =
		plan(evc_hoist(query), query_string, cursor_options, bound_params);

	evc_inject(stmt, cursor_options);
	return stmt;
}

void
evc_plan_init(void)
{
	prev_planner_hook = planner_hook;
	planner_hook = plan_hoisted;
}
