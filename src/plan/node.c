/*
 * plan/node.c
 *	  Makes a batch node, and rewrites expressions to its columns.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "batch/markers.h"
#include "exec/scan.h"
#include "plan/surgery.h"

typedef struct Replacement
{
	List *from;
	Index varno;
	int offset;
} Replacement;

static bool
is_encrypt(Node *node)
{
	return IsA(node, FuncExpr) &&
		   evc_marker_kind(((FuncExpr *) node)->funcid) == EVC_MARKER_ENCRYPT;
}

/* Two calls of encrypt may be equal and are not the same: only identity counts. */
static int
place_of(Node *node, List *from)
{
	ListCell *cell;
	int place = 1;

	foreach (cell, from)
	{
		if (lfirst(cell) == node)
			return place;
		place++;
	}
	if (is_encrypt(node))
		return 0;
	place = 1;
	foreach (cell, from)
	{
		if (equal(lfirst(cell), node))
			return place;
		place++;
	}
	return 0;
}

static Node *
replace_mutator(Node *node, void *context)
{
	Replacement *replacement = context;
	int place;

	if (node == NULL)
		return NULL;
	place = IsA(node, List) ? 0 : place_of(node, replacement->from);
	if (place > 0)
		return (Node *) makeVar(replacement->varno, place + replacement->offset,
								exprType(node), exprTypmod(node), exprCollation(node), 0);
	return expression_tree_mutator(node, replace_mutator, context);
}

Node *
evc_replace(Node *expression, List *from, Index varno, int offset)
{
	Replacement replacement = {from, varno, offset};

	return replace_mutator(expression, &replacement);
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

CustomScan *
evc_make_node(EvcSurgery *surgery, Plan *child, Plan *model, List *columns, int n_child)
{
	CustomScan *scan = makeNode(CustomScan);
	ListCell *cell;

	take_place(&scan->scan.plan, model);
	scan->scan.plan.plan_node_id = surgery->next_node_id++;
	scan->scan.plan.lefttree = child;
	scan->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	scan->methods = &evc_scan_methods;
	foreach (cell, columns)
		scan->custom_scan_tlist =
			lappend(scan->custom_scan_tlist,
					makeTargetEntry(lfirst(cell), foreach_current_index(cell) + 1, NULL,
									false));
	scan->custom_private =
		list_make3(makeInteger(n_child), makeInteger(EVC_HINT_UNKNOWN), makeInteger(0));
	return scan;
}

void
evc_set_demand(const EvcSurgery *surgery, CustomScan *scan, const EvcDemand *demand)
{
	EvcScanHint hint = demand->hint;

	if (evc_plan_is_volatile(surgery, scan->scan.plan.lefttree))
		hint = EVC_HINT_SINGLE;
	lfirst(list_nth_cell(scan->custom_private, EVC_SCAN_HINT)) = makeInteger(hint);
	lfirst(list_nth_cell(scan->custom_private, EVC_SCAN_LIMIT)) =
		makeInteger(demand->limit);
}
