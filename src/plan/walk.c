/*
 * plan/walk.c
 *	  What a node of a plan consists of: its children and its expressions.
 */
#include "postgres.h"

#include "compat.h"
#include "plan/walk.h"

static List *
add_child(List *children, Plan *child)
{
	return child != NULL ? lappend(children, child) : children;
}

List *
evc_children(const Plan *plan)
{
	List *children = add_child(add_child(NIL, plan->lefttree), plan->righttree);

	switch (nodeTag(plan))
	{
		case T_Append:
			return list_concat(children, ((const Append *) plan)->appendplans);
		case T_MergeAppend:
			return list_concat(children, ((const MergeAppend *) plan)->mergeplans);
		case T_BitmapAnd:
			return list_concat(children, ((const BitmapAnd *) plan)->bitmapplans);
		case T_BitmapOr:
			return list_concat(children, ((const BitmapOr *) plan)->bitmapplans);
		case T_CustomScan:
			return list_concat(children, ((const CustomScan *) plan)->custom_plans);
		case T_SubqueryScan:
			return add_child(children, ((const SubqueryScan *) plan)->subplan);
		default:
			return children;
	}
}

static List *
expressions_of_modify(const ModifyTable *modify)
{
	List *lists = list_make5(modify->withCheckOptionLists, modify->returningLists,
							 modify->onConflictSet, modify->onConflictWhere,
							 modify->mergeActionLists);

	return lappend(lists, evc_merge_join_conditions(modify));
}

static List *
expressions_of_scan(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_SampleScan:
			return list_make1(((const SampleScan *) plan)->tablesample);
		case T_IndexScan:
			return list_make2(((const IndexScan *) plan)->indexqual,
							  ((const IndexScan *) plan)->indexorderby);
		case T_IndexOnlyScan:
			return list_make2(((const IndexOnlyScan *) plan)->indexqual,
							  ((const IndexOnlyScan *) plan)->indexorderby);
		case T_BitmapIndexScan:
			return list_make1(((const BitmapIndexScan *) plan)->indexqual);
		case T_TidScan:
			return list_make1(((const TidScan *) plan)->tidquals);
		case T_TidRangeScan:
			return list_make1(((const TidRangeScan *) plan)->tidrangequals);
		case T_FunctionScan:
			return list_make1(((const FunctionScan *) plan)->functions);
		case T_ValuesScan:
			return list_make1(((const ValuesScan *) plan)->values_lists);
		case T_TableFuncScan:
			return list_make1(((const TableFuncScan *) plan)->tablefunc);
		default:
			return NIL;
	}
}

List *
evc_own_expressions(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_ModifyTable:
			return expressions_of_modify((const ModifyTable *) plan);
		case T_Result:
			return list_make1(((const Result *) plan)->resconstantqual);
		case T_NestLoop:
			return list_make1(((const Join *) plan)->joinqual);
		case T_MergeJoin:
			return list_make2(((const Join *) plan)->joinqual,
							  ((const MergeJoin *) plan)->mergeclauses);
		case T_HashJoin:
			return list_make2(((const Join *) plan)->joinqual,
							  ((const HashJoin *) plan)->hashclauses);
		case T_Memoize:
			return list_make1(((const Memoize *) plan)->param_exprs);
		case T_Limit:
			return list_make2(((const Limit *) plan)->limitOffset,
							  ((const Limit *) plan)->limitCount);
		default:
			return expressions_of_scan(plan);
	}
}
