/*
 * plan/volatile.c
 *	  Would somebody notice that a plan is read ahead?
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "plan/surgery.h"

/* The plan of a SubPlan or of a CTE, by its number. */
static bool
subplan_is_volatile(const EvcSurgery *surgery, int number)
{
	return evc_plan_is_volatile(surgery, list_nth(surgery->stmt->subplans, number - 1));
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

	return !IsA(plan, ModifyTable) && evc_plan_is_volatile(surgery, plan);
}

/* Expressions that only this kind of node has. */
static bool
own_expressions_are_volatile(const EvcSurgery *surgery, const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			return is_volatile(surgery, ((const Join *) plan)->joinqual);
		case T_FunctionScan:
			return is_volatile(surgery, ((const FunctionScan *) plan)->functions);
		case T_ValuesScan:
			return is_volatile(surgery, ((const ValuesScan *) plan)->values_lists);
		case T_TableFuncScan:
			return is_volatile(surgery, ((const TableFuncScan *) plan)->tablefunc);
		case T_Result:
			return is_volatile(surgery, ((const Result *) plan)->resconstantqual);
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

static bool
any_is_volatile(const EvcSurgery *surgery, List *plans)
{
	ListCell *cell;

	foreach (cell, plans)
		if (evc_plan_is_volatile(surgery, lfirst(cell)))
			return true;
	return false;
}

bool
evc_plan_is_volatile(const EvcSurgery *surgery, const Plan *plan)
{
	if (plan == NULL)
		return false;
	if (is_volatile(surgery, plan->targetlist) || is_volatile(surgery, plan->qual) ||
		own_expressions_are_volatile(surgery, plan) ||
		evc_plan_is_volatile(surgery, plan->lefttree) ||
		evc_plan_is_volatile(surgery, plan->righttree))
		return true;
	if (IsA(plan, Append))
		return any_is_volatile(surgery, ((const Append *) plan)->appendplans);
	if (IsA(plan, MergeAppend))
		return any_is_volatile(surgery, ((const MergeAppend *) plan)->mergeplans);
	if (IsA(plan, SubqueryScan))
		return evc_plan_is_volatile(surgery, ((const SubqueryScan *) plan)->subplan);
	return false;
}
