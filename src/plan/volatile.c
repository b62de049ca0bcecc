/*
 * plan/volatile.c
 *	  Would somebody notice that a plan is read ahead?
 */
#include "postgres.h"

#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "batch/markers.h"
#include "plan/surgery.h"
#include "plan/walk.h"

/* Surgery does not change it, so it is found out once. */
enum
{
	UNKNOWN,
	STEADY,
	VOLATILE
};

/* The plan of a SubPlan or of a CTE, by its number. */
static bool
subplan_is_volatile(const EvcSurgery *surgery, int number)
{
	char *known = &surgery->subplans[number - 1];

	if (*known == UNKNOWN)
		*known =
			evc_plan_is_volatile(surgery, list_nth(surgery->stmt->subplans, number - 1))
				? VOLATILE
				: STEADY;
	return *known == VOLATILE;
}

static bool
holds_volatile_subplan(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) && subplan_is_volatile(context, ((SubPlan *) node)->plan_id))
		return true;
	return expression_tree_walker(node, holds_volatile_subplan, context);
}

static bool
is_volatile(const EvcSurgery *surgery, const void *expressions)
{
	Node *node = unconstify(Node *, (const Node *) expressions);

	return contain_volatile_functions(node) ||
		   holds_volatile_subplan(node, unconstify(EvcSurgery *, surgery));
}

/* A WITH query that changes data runs to its end whoever reads it, and how far. */
static bool
cte_is_volatile(const EvcSurgery *surgery, int number)
{
	const Plan *plan = list_nth(surgery->stmt->subplans, number - 1);

	return !IsA(plan, ModifyTable) && subplan_is_volatile(surgery, number);
}

/* What a node does beside evaluating expressions. */
static bool
acts(const EvcSurgery *surgery, const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_CteScan:
			return cte_is_volatile(surgery, ((const CteScan *) plan)->ctePlanId);
		case T_ModifyTable:
		case T_LockRows:
			/* Rows are changed or locked as they are read. */
			return true;
		default:
			return false;
	}
}

/* A node without its children. */
static bool
node_is_volatile(const EvcSurgery *surgery, const Plan *plan)
{
	ListCell *cell;

	if (acts(surgery, plan) || is_volatile(surgery, plan->targetlist) ||
		is_volatile(surgery, plan->qual))
		return true;
	foreach (cell, evc_own_expressions(plan))
		if (is_volatile(surgery, lfirst(cell)))
			return true;
	return false;
}

bool
evc_plan_is_volatile(const EvcSurgery *surgery, const Plan *plan)
{
	ListCell *cell;

	if (plan == NULL)
		return false;
	if (node_is_volatile(surgery, plan))
		return true;
	foreach (cell, evc_children(plan))
		if (evc_plan_is_volatile(surgery, lfirst(cell)))
			return true;
	return false;
}

/* When a Sort gives its first row, it has read all that is below. */
bool
evc_shows_reading_ahead(const EvcSurgery *surgery, const Plan *plan)
{
	if (IsA(plan, Sort))
		return false;
	if (IsA(plan, Limit) || IsA(plan, CustomScan))
		return plan->lefttree == NULL || node_is_volatile(surgery, plan) ||
			   evc_shows_reading_ahead(surgery, plan->lefttree);
	return evc_plan_is_volatile(surgery, plan);
}

static bool
is_volatile_function(Oid function, void *context)
{
	return func_volatile(function) == PROVOLATILE_VOLATILE &&
		   evc_marker_kind(function) == EVC_MARKER_NONE;
}

static bool
holds_volatile_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, is_volatile_function, NULL) ||
		   IsA(node, NextValueExpr) ||
		   expression_tree_walker(node, holds_volatile_function, context);
}

bool
evc_calls_volatile(const Plan *plan)
{
	ListCell *cell;

	if (plan == NULL)
		return false;
	if (holds_volatile_function((Node *) plan->targetlist, NULL) ||
		holds_volatile_function((Node *) plan->qual, NULL))
		return true;
	foreach (cell, evc_own_expressions(plan))
		if (holds_volatile_function(lfirst(cell), NULL))
			return true;
	foreach (cell, evc_children(plan))
		if (evc_calls_volatile(lfirst(cell)))
			return true;
	return false;
}
