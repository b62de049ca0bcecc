/*
 * plan/node.c
 *	  Makes a batch node, and rewrites expressions to its columns.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "batch/markers.h"
#include "exec/scan.h"
#include "plan/surgery.h"

typedef struct Replacement
{
	List *leaves;
	List *found;
	Index varno;
	int first_call;
} Replacement;

/* Column of a leaf; 0 if the node is none. */
static int
column_of_leaf(const Replacement *replacement, Node *node)
{
	ListCell *cell;

	foreach (cell, replacement->leaves)
		if (lfirst(cell) == node)
			return foreach_current_index(cell) + 1;
	foreach (cell, replacement->leaves)
		if (equal(lfirst(cell), node) && !contain_volatile_functions(node))
			return foreach_current_index(cell) + 1;
	return 0;
}

/* A STABLE call that is made for every row can stand for its equals. */
static bool
is_the_same(const EvcFound *found, Node *node)
{
	return found->conditions == NIL && evc_is_stable_marker(found->call->funcid) &&
		   equal(found->call, node);
}

static int
column_of_call(const Replacement *replacement, Node *node)
{
	ListCell *cell;

	if (!IsA(node, FuncExpr))
		return 0;
	foreach (cell, replacement->found)
		if (list_member_ptr(((EvcFound *) lfirst(cell))->places, node))
			return replacement->first_call + foreach_current_index(cell);
	foreach (cell, replacement->found)
		if (is_the_same(lfirst(cell), node))
			return replacement->first_call + foreach_current_index(cell);
	return 0;
}

static Node *
replace(Node *node, void *context)
{
	Replacement *replacement = context;
	int column;

	if (node == NULL)
		return NULL;
	if (IsA(node, List))
		return expression_tree_mutator(node, replace, context);
	column = column_of_leaf(replacement, node);
	if (column == 0)
		column = column_of_call(replacement, node);
	if (column == 0)
		return expression_tree_mutator(node, replace, context);
	return (Node *) makeVar(replacement->varno, column, exprType(node), exprTypmod(node),
							exprCollation(node), 0);
}

Node *
evc_replace(void *expression, List *leaves, List *found, Index varno, int first_call)
{
	Replacement replacement = {leaves, found, varno, first_call};

	return replace(expression, &replacement);
}

/* InitPlans belong to the top, and so does what it depends on. */
static void
take_place(Plan *node, Plan *model)
{
	node->startup_cost = model->startup_cost;
	node->total_cost = model->total_cost;
	node->plan_rows = model->plan_rows;
	node->plan_width = model->plan_width;
	node->parallel_safe = model->parallel_safe;
	node->extParam = bms_copy(model->extParam);
	node->allParam = bms_copy(model->allParam);
	node->initPlan = model->initPlan;
	model->initPlan = NIL;
}

/* Leaves, then calls, over the child; and the calls' conditions. */
static void
set_columns(CustomScan *scan, List *leaves, List *found)
{
	List *columns = (List *) evc_replace(leaves, leaves, NIL, OUTER_VAR, 0);
	ListCell *cell;

	foreach (cell, found)
	{
		EvcFound *entry = lfirst(cell);

		columns = lappend(columns, evc_replace(entry->call, leaves, NIL, OUTER_VAR, 0));
		scan->custom_exprs =
			lappend(scan->custom_exprs,
					evc_replace(entry->conditions, leaves, NIL, OUTER_VAR, 0));
	}
	foreach (cell, columns)
		scan->custom_scan_tlist =
			lappend(scan->custom_scan_tlist,
					makeTargetEntry(lfirst(cell), foreach_current_index(cell) + 1, NULL,
									false));
}

static List *
kinds_of(List *found)
{
	List *kinds = NIL;
	ListCell *cell;

	foreach (cell, found)
		kinds = lappend_int(kinds,
							evc_marker_kind(((EvcFound *) lfirst(cell))->call->funcid));
	return kinds;
}

CustomScan *
evc_make_node(EvcSurgery *surgery, Plan *child, Plan *model, List *leaves, List *found)
{
	CustomScan *scan = makeNode(CustomScan);

	take_place(&scan->scan.plan, model);
	scan->scan.plan.plan_node_id = surgery->next_node_id++;
	scan->scan.plan.lefttree = child;
	scan->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	scan->methods = &evc_scan_methods;
	set_columns(scan, leaves, found);
	scan->custom_private =
		list_make5(makeInteger(list_length(leaves)), makeInteger(EVC_HINT_UNKNOWN),
				   makeInteger(0), NIL, kinds_of(found));
	scan->custom_private = lappend(scan->custom_private, NIL);
	return scan;
}

void
evc_set_demand(const EvcSurgery *surgery, CustomScan *scan, const EvcDemand *demand)
{
	EvcScanHint hint = demand->hint;

	if (evc_shows_reading_ahead(surgery, scan->scan.plan.lefttree))
		hint = EVC_HINT_SINGLE;
	lfirst(list_nth_cell(scan->custom_private, EVC_SCAN_HINT)) = makeInteger(hint);
	lfirst(list_nth_cell(scan->custom_private, EVC_SCAN_LIMIT)) =
		makeInteger(demand->limit);
}
