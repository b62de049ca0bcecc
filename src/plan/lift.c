/*
 * plan/lift.c
 *	  Lift: a batch node changes places with the Limit or Sort above it.
 *
 *	     Limit 10              B  [f(x), y]
 *	       |                   |
 *	       B  [f(x), y]  =>   Limit 10  [x, y]
 *	       |                   |
 *	      Sort  [x, y]        Sort  [x, y]
 *
 * Above a Limit the node makes exactly the calls that are wanted, and the Sort
 * below keeps its bound.  Above a Sort, plaintext is not sorted along, and so
 * never written to the Sort's temporary files.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"

#include "exec/scan.h"
#include "plan/surgery.h"

/* A batch node that passes every row. */
static CustomScan *
liftable(Plan *plan)
{
	CustomScan *scan = (CustomScan *) plan;

	if (plan == NULL || !IsA(plan, CustomScan) || scan->methods != &evc_scan_methods ||
		plan->qual != NIL)
		return NULL;
	return scan;
}

/* Columns of the plan below, passed on as they are. */
static List *
pass_on(List *target)
{
	List *passed = NIL;
	ListCell *cell;

	foreach (cell, target)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);
		TargetEntry *copy = flatCopyTargetEntry(entry);

		copy->expr = (Expr *) makeVarFromTargetEntry(OUTER_VAR, entry);
		passed = lappend(passed, copy);
	}
	return passed;
}

/*
 * "plan" goes below "scan", which takes over its place.  The node's columns
 * stay as they were, so nothing above notices.
 */
static Plan *
change_places(Plan *plan, CustomScan *scan)
{
	Plan *node = &scan->scan.plan;

	plan->lefttree = node->lefttree;
	plan->targetlist = pass_on(plan->lefttree->targetlist);
	node->lefttree = plan;
	node->startup_cost = plan->startup_cost;
	node->total_cost = plan->total_cost;
	node->plan_rows = plan->plan_rows;
	node->extParam = bms_copy(plan->extParam);
	node->allParam = bms_copy(plan->allParam);
	node->initPlan = list_concat(plan->initPlan, node->initPlan);
	plan->initPlan = NIL;
	return node;
}

/* The child's column that a column of the node is; 0 if it is something made. */
static AttrNumber
child_column(const CustomScan *scan, AttrNumber column)
{
	int n_child = intVal(list_nth(scan->custom_private, EVC_SCAN_CHILD_COLUMNS));
	TargetEntry *entry =
		list_nth_node(TargetEntry, scan->scan.plan.targetlist, column - 1);
	Var *var = (Var *) entry->expr;

	if (!IsA(var, Var) || var->varno != INDEX_VAR || var->varattno > n_child)
		return 0;
	return var->varattno;
}

/* Lets the Sort (or IncrementalSort, which begins with one) sort by the child's columns;
 * false if it sorts by others. */
static bool
sort_by_child(Sort *sort, const CustomScan *scan)
{
	AttrNumber *columns = palloc(sort->numCols * sizeof(AttrNumber));

	for (int i = 0; i < sort->numCols; i++)
	{
		columns[i] = child_column(scan, sort->sortColIdx[i]);
		if (columns[i] == 0)
			return false;
	}
	sort->sortColIdx = columns;
	return true;
}

/*
 * A VOLATILE function in the node's target list must be called for the rows it
 * was called for, in their order: also for those that an OFFSET skips.
 */
static bool
may_lift(Plan *plan, const CustomScan *scan)
{
	bool is_volatile = contain_volatile_functions((Node *) scan->scan.plan.targetlist);

	if (IsA(plan, Limit))
		return ((Limit *) plan)->limitOption != LIMIT_OPTION_WITH_TIES &&
			   !(is_volatile && ((Limit *) plan)->limitOffset != NULL);
	return !is_volatile && sort_by_child((Sort *) plan, scan);
}

Plan *
evc_lift(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand)
{
	CustomScan *scan = liftable(plan->lefttree);
	Plan *top;

	if (scan == NULL || !may_lift(plan, scan))
		return plan;
	top = change_places(plan, scan);
	/* Of stacked nodes each is lifted; the one that was lifted first ends on top. */
	scan->scan.plan.lefttree = evc_lift(surgery, plan, demand);
	evc_set_demand(surgery, scan, demand);
	return top;
}
