/*
 * plan/leftover.c
 *	  Which calls of a plan stay scalar, for EXPLAIN to say.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "exec/scan.h"
#include "plan/surgery.h"
#include "plan/walk.h"

static bool
collect_functions(Node *node, void *context)
{
	List **functions = context;

	if (node == NULL)
		return false;
	if (evc_is_call(node))
		*functions = list_append_unique_oid(*functions, ((FuncExpr *) node)->funcid);
	return expression_tree_walker(node, collect_functions, context);
}

/* The batch node that is found first on the way down tells of the others' leftovers. */
typedef struct Survey
{
	List *functions;
	CustomScan *teller;
} Survey;

static void
survey(Survey *all, Plan *plan)
{
	ListCell *cell;

	if (IsA(plan, CustomScan) && ((CustomScan *) plan)->methods == &evc_scan_methods &&
		all->teller == NULL)
		all->teller = (CustomScan *) plan;
	(void) collect_functions((Node *) plan->targetlist, &all->functions);
	(void) collect_functions((Node *) plan->qual, &all->functions);
	foreach (cell, evc_own_expressions(plan))
		(void) collect_functions(lfirst(cell), &all->functions);
	foreach (cell, evc_children(plan))
		survey(all, lfirst(cell));
}

/* A sub-select of one row that depends on nothing is made once. */
static bool
is_made_once(const Plan *plan)
{
	return IsA(plan, Result) && plan->lefttree == NULL && bms_is_empty(plan->extParam);
}

void
evc_note_leftovers(EvcSurgery *surgery)
{
	Survey all = {NIL, NULL};
	ListCell *cell;

	survey(&all, surgery->stmt->planTree);
	foreach (cell, surgery->stmt->subplans)
		if (lfirst(cell) != NULL && !is_made_once(lfirst(cell)))
			survey(&all, lfirst(cell));
	if (all.teller != NULL)
		lfirst(list_nth_cell(all.teller->custom_private, EVC_SCAN_LEFTOVERS)) =
			all.functions;
}
