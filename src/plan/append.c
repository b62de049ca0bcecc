/*
 * plan/append.c
 *	  A batch node that passes its child's columns on and adds calls at the end.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "plan/surgery.h"
#include "plan/walk.h"

/* Every column of the child, as what is above it sees it. */
static List *
columns_of(Plan *child)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, child->targetlist)
		columns =
			lappend(columns,
					makeVarFromTargetEntry(OUTER_VAR, lfirst_node(TargetEntry, cell)));
	return columns;
}

/* Column "number" of the node as an entry of its target list. */
static TargetEntry *
entry_for(const CustomScan *scan, int number)
{
	Node *column =
		(Node *) list_nth_node(TargetEntry, scan->custom_scan_tlist, number - 1)->expr;
	Var *var = makeVar(INDEX_VAR, number, exprType(column), exprTypmod(column),
					   exprCollation(column), 0);

	return makeTargetEntry((Expr *) var, number, NULL, false);
}

/* The child's entries with their names and marks, then the calls. */
static List *
pass_on(const CustomScan *scan, List *child_target)
{
	List *target = NIL;

	for (int i = 0; i < list_length(scan->custom_scan_tlist); i++)
	{
		TargetEntry *entry = entry_for(scan, i + 1);

		if (i < list_length(child_target))
		{
			TargetEntry *model = list_nth_node(TargetEntry, child_target, i);

			entry->resname = model->resname;
			entry->ressortgroupref = model->ressortgroupref;
			entry->resjunk = model->resjunk;
		}
		target = lappend(target, entry);
	}
	return target;
}

bool
evc_may_append(const Plan *child, const List *found)
{
	return list_length(child->targetlist) + list_length(found) <= MaxTupleAttributeNumber;
}

Plan *
evc_append_calls(EvcSurgery *surgery, Plan *child, List *found, const EvcDemand *demand)
{
	CustomScan *scan = evc_make_node(surgery, child, child, columns_of(child), found);

	scan->scan.plan.targetlist = pass_on(scan, child->targetlist);
	evc_set_demand(surgery, scan, demand);
	return (Plan *) scan;
}

static Bitmapset *
add_columns(Bitmapset *used, const AttrNumber *columns, int count)
{
	for (int i = 0; i < count; i++)
		used = bms_add_member(used, columns[i] - FirstLowInvalidHeapAttributeNumber);
	return used;
}

/* As pull_varattnos numbers them. */
static Bitmapset *
columns_read_by(const Plan *parent)
{
	Bitmapset *used = NULL;
	ListCell *cell;

	pull_varattnos((Node *) parent->targetlist, OUTER_VAR, &used);
	pull_varattnos((Node *) parent->qual, OUTER_VAR, &used);
	foreach (cell, evc_own_expressions(parent))
		pull_varattnos(lfirst(cell), OUTER_VAR, &used);
	if (IsA(parent, Agg))
		return add_columns(used, ((const Agg *) parent)->grpColIdx,
						   ((const Agg *) parent)->numCols);
	if (IsA(parent, WindowAgg))
	{
		const WindowAgg *window = (const WindowAgg *) parent;

		used = add_columns(used, window->partColIdx, window->partNumCols);
		return add_columns(used, window->ordColIdx, window->ordNumCols);
	}
	return used;
}

void
evc_drop_unused(const Plan *parent)
{
	CustomScan *scan = castNode(CustomScan, outerPlan(parent));
	int n_child = intVal(list_nth(scan->custom_private, EVC_SCAN_CHILD_COLUMNS));
	Bitmapset *used;
	List *unused = NIL;

	/* Grouping sets have more nodes than one. */
	if (IsA(parent, Agg) && ((const Agg *) parent)->groupingSets != NIL)
		return;
	used = columns_read_by(parent);
	for (int i = 1; i <= n_child; i++)
		if (!bms_is_member(i - FirstLowInvalidHeapAttributeNumber, used))
			unused = lappend_int(unused, i);
	lfirst(list_nth_cell(scan->custom_private, EVC_SCAN_UNUSED)) = unused;
}
