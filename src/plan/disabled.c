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
#include "plan/walk.h"

static bool
is_batch_node(const Plan *plan)
{
	return IsA(plan, CustomScan) &&
		   ((const CustomScan *) plan)->methods == &evc_scan_methods;
}

/* Returns what EXPLAIN does not see of the plan, and takes it off every count above. */
static int
settle(Plan *plan)
{
	int unseen = 0;
	ListCell *cell;

	check_stack_depth();
	foreach (cell, evc_children(plan))
		unseen += settle(lfirst(cell));
	if (is_batch_node(plan))
	{
		evc_set_disabled_nodes(plan, 0);
		return unseen + evc_disabled_nodes(plan->lefttree);
	}
	evc_set_disabled_nodes(plan, evc_disabled_nodes(plan) - unseen);
	return unseen;
}

void
evc_settle_disabled(PlannedStmt *stmt)
{
	ListCell *cell;

	(void) settle(stmt->planTree);
	foreach (cell, stmt->subplans)
		if (lfirst(cell) != NULL)
			(void) settle(lfirst(cell));
}
