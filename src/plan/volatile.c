/*
 * plan/volatile.c
 *	  Would somebody notice that a plan is read ahead?
 */
#include "postgres.h"

#include "optimizer/optimizer.h"

#include "plan/surgery.h"

static bool
is_volatile(const void *expressions)
{
	return contain_volatile_functions(unconstify(Node *, (const Node *) expressions));
}

/* Expressions that only this kind of node has. */
static bool
own_expressions_are_volatile(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			return is_volatile(((const Join *) plan)->joinqual);
		case T_FunctionScan:
			return is_volatile(((const FunctionScan *) plan)->functions);
		case T_ValuesScan:
			return is_volatile(((const ValuesScan *) plan)->values_lists);
		case T_TableFuncScan:
			return is_volatile(((const TableFuncScan *) plan)->tablefunc);
		case T_Result:
			return is_volatile(((const Result *) plan)->resconstantqual);
		case T_ModifyTable:
		case T_LockRows:
			/* Rows are changed or locked as they are read. */
			return true;
		default:
			return false;
	}
}

static bool
any_is_volatile(List *plans)
{
	ListCell *cell;

	foreach (cell, plans)
		if (evc_plan_is_volatile(lfirst(cell)))
			return true;
	return false;
}

bool
evc_plan_is_volatile(const Plan *plan)
{
	if (plan == NULL)
		return false;
	if (is_volatile(plan->targetlist) || is_volatile(plan->qual) ||
		own_expressions_are_volatile(plan) || evc_plan_is_volatile(plan->lefttree) ||
		evc_plan_is_volatile(plan->righttree))
		return true;
	if (IsA(plan, Append))
		return any_is_volatile(((const Append *) plan)->appendplans);
	if (IsA(plan, MergeAppend))
		return any_is_volatile(((const MergeAppend *) plan)->mergeplans);
	if (IsA(plan, SubqueryScan))
		return evc_plan_is_volatile(((const SubqueryScan *) plan)->subplan);
	return false;
}
