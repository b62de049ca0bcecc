/*
 * plan/inject.c
 *	  Walks a finished plan, bottom up, and lets each move do its part.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/syscache.h"

#include "guc.h"
#include "plan/inject.h"
#include "plan/surgery.h"
#include "plan/walk.h"

static Plan *operate(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand);

/*
 * Does the statement call a function that is not built in?  The planner notes
 * them all, for the plan cache.
 */
static bool
calls_foreign_functions(const PlannedStmt *stmt)
{
	ListCell *cell;

	foreach (cell, stmt->invalItems)
		if (lfirst_node(PlanInvalItem, cell)->cacheId == PROCOID)
			return true;
	return false;
}

/* A call is no argument of Max, which evaluates one of them twice. */
static int
highest_node_id(const Plan *plan)
{
	int highest;
	ListCell *cell;

	if (plan == NULL)
		return 0;
	highest = plan->plan_node_id;
	foreach (cell, evc_children(plan))
	{
		int below = highest_node_id(lfirst(cell));

		highest = Max(highest, below);
	}
	return highest;
}

/* Rows that a Limit asks for, its offset included; 0 if that is not constant. */
static int
limit_of(const Limit *limit)
{
	const Const *count = (const Const *) limit->limitCount;
	const Const *offset = (const Const *) limit->limitOffset;
	int64 rows;

	if (limit->limitOption != LIMIT_OPTION_COUNT || count == NULL || !IsA(count, Const) ||
		count->constisnull)
		return 0;
	rows = DatumGetInt64(count->constvalue);
	if (offset != NULL)
	{
		if (!IsA(offset, Const) || offset->constisnull)
			return 0;
		rows += DatumGetInt64(offset->constvalue);
	}
	return rows > 0 && rows <= INT_MAX ? (int) rows : 0;
}

/* What a node wants of its (outer) child. */
static EvcDemand
demand_of(const Plan *plan, const EvcDemand *mine)
{
	EvcDemand demand = {.hint = EVC_HINT_UNKNOWN, .parent = plan};

	switch (nodeTag(plan))
	{
		case T_Sort:
		case T_IncrementalSort:
		case T_Hash:
		case T_ModifyTable:
			demand.hint = EVC_HINT_DRAIN;
			break;
		case T_Agg:
			if (((const Agg *) plan)->aggstrategy != AGG_SORTED)
				demand.hint = EVC_HINT_DRAIN;
			break;
		case T_Limit:
			demand.limit = limit_of((const Limit *) plan);
			if (demand.limit > 0)
				demand.hint = EVC_HINT_LIMITED;
			break;
		/* Not LockRows, which drops rows that have changed or are skipped. */
		case T_Result:
		case T_SubqueryScan:
		case T_CustomScan:
			if (plan->qual == NIL)
			{
				demand.hint = mine->hint;
				demand.limit = mine->limit;
			}
			break;
		default:
			break;
	}
	return demand;
}

static void
operate_list(EvcSurgery *surgery, List *plans, const EvcDemand *demand)
{
	ListCell *cell;

	foreach (cell, plans)
		lfirst(cell) = operate(surgery, lfirst(cell), demand);
}

static void
operate_children(EvcSurgery *surgery, Plan *plan, const EvcDemand *mine)
{
	EvcDemand demand = demand_of(plan, mine);
	EvcDemand unknown = {.hint = EVC_HINT_UNKNOWN, .parent = plan};

	plan->lefttree = operate(surgery, plan->lefttree, &demand);
	if (!IsA(plan, MergeJoin))
		plan->righttree = operate(surgery, plan->righttree, &unknown);
	else if (IsA(plan->righttree, Sort) || IsA(plan->righttree, Material))
		/* A merge join goes back in its inner side: this node can, ours can't. */
		operate_children(surgery, plan->righttree, &unknown);
	if (IsA(plan, Append))
		operate_list(surgery, ((Append *) plan)->appendplans, &unknown);
	else if (IsA(plan, MergeAppend))
		operate_list(surgery, ((MergeAppend *) plan)->mergeplans, &unknown);
	else if (IsA(plan, SubqueryScan))
		((SubqueryScan *) plan)->subplan =
			operate(surgery, ((SubqueryScan *) plan)->subplan, &demand);
}

/* Plans of other extensions and of foreign servers are theirs alone. */
static bool
is_closed(const Plan *plan)
{
	return IsA(plan, CustomScan) || IsA(plan, ForeignScan);
}

static Plan *
operate(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand)
{
	if (plan == NULL || is_closed(plan))
		return plan;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	operate_children(surgery, plan, demand);
	evc_insert_below(surgery, plan);
	evc_insert_join_keys(surgery, plan);
	if (IsA(plan, ValuesScan))
		evc_rewrite_values(surgery, (ValuesScan *) plan);
	if (IsA(plan, Limit) || IsA(plan, Sort) || IsA(plan, IncrementalSort))
		return evc_lift(surgery, plan, demand);
	return evc_wrap_above(surgery, plan, demand);
}

/* Does somebody count on going back?  A batch node can't. */
static bool
may_go_back(int cursor_options)
{
	return (cursor_options & CURSOR_OPT_SCROLL) != 0;
}

static bool
calls_volatile(const PlannedStmt *stmt)
{
	ListCell *cell;

	if (evc_calls_volatile(stmt->planTree))
		return true;
	foreach (cell, stmt->subplans)
		if (evc_calls_volatile(lfirst(cell)))
			return true;
	return false;
}

void
evc_inject(PlannedStmt *stmt, int cursor_options)
{
	EvcDemand top = {.hint = EVC_HINT_UNKNOWN};
	EvcSurgery surgery = {.stmt = stmt};
	ListCell *cell;
	int first_made;

	if (!evc_batching || may_go_back(cursor_options) || !calls_foreign_functions(stmt))
		return;
	surgery.subplans = palloc0(list_length(stmt->subplans) + 1);
	surgery.is_cursor = (cursor_options & CURSOR_OPT_FAST_PLAN) != 0;
	surgery.steady = !surgery.is_cursor && !calls_volatile(stmt);
	surgery.next_node_id = highest_node_id(stmt->planTree);
	foreach (cell, stmt->subplans)
	{
		int highest = highest_node_id(lfirst(cell));

		surgery.next_node_id = Max(surgery.next_node_id, highest);
	}
	first_made = ++surgery.next_node_id;
	stmt->planTree = operate(&surgery, stmt->planTree, &top);
	foreach (cell, stmt->subplans)
		lfirst(cell) = operate(&surgery, lfirst(cell), &top);
	evc_note_leftovers(&surgery);
	if (surgery.next_node_id > first_made)
		evc_settle_disabled(stmt);
}
