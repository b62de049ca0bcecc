/*
 * plan/disabled.c
 *	  EXPLAIN's marks of disabled nodes stay where they belong.
 *
 * Since PostgreSQL 18 every node counts the nodes of its plan that a setting
 * disables (enable_seqscan and the like), and EXPLAIN marks a node that counts
 * more than its children.  But it does not look for children of a CustomScan
 * that are not in custom_plans, and would mark what is above a batch node.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "compat.h"
#include "exec/scan.h"
#include "plan/surgery.h"

static bool
is_batch_node(const Plan *plan)
{
	return IsA(plan, CustomScan) &&
		   ((const CustomScan *) plan)->methods == &evc_scan_methods;
}

static int settle_all(List *plans);

/* Returns what EXPLAIN does not see of the plan, and takes it off every count above. */
static int
settle(Plan *plan)
{
	int unseen;

	if (plan == NULL)
		return 0;
	check_stack_depth();
	unseen = settle(plan->lefttree) + settle(plan->righttree);
	if (IsA(plan, Append))
		unseen += settle_all(((Append *) plan)->appendplans);
	else if (IsA(plan, MergeAppend))
		unseen += settle_all(((MergeAppend *) plan)->mergeplans);
	else if (IsA(plan, SubqueryScan))
		unseen += settle(((SubqueryScan *) plan)->subplan);
	if (is_batch_node(plan))
	{
		evc_set_disabled_nodes(plan, 0);
		return unseen + evc_disabled_nodes(plan->lefttree);
	}
	evc_set_disabled_nodes(plan, evc_disabled_nodes(plan) - unseen);
	return unseen;
}

static int
settle_all(List *plans)
{
	int unseen = 0;
	ListCell *cell;

	foreach (cell, plans)
		unseen += settle(lfirst(cell));
	return unseen;
}

void
evc_settle_disabled(PlannedStmt *stmt)
{
	(void) settle(stmt->planTree);
	(void) settle_all(stmt->subplans);
}
