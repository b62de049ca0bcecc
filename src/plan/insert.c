/*
 * plan/insert.c
 *	  Insert below: calls in the arguments of aggregates, window functions and
 *	  set-returning functions.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "batch/markers.h"
#include "plan/surgery.h"

static List *
calls_of_aggregate(Aggref *aggregate, List *calls)
{
	ListCell *cell;

	/* With a filter the arguments are evaluated for some rows only. */
	if (aggregate->aggfilter != NULL)
		return calls;
	foreach (cell, aggregate->args)
		calls = evc_find_calls((Node *) lfirst_node(TargetEntry, cell)->expr, calls);
	return calls;
}

static List *
calls_of_window(WindowFunc *function, List *calls)
{
	ListCell *cell;

	if (function->aggfilter != NULL)
		return calls;
	foreach (cell, function->args)
		calls = evc_find_calls(lfirst(cell), calls);
	return calls;
}

/*
 * Calls beside or inside a set-returning function.  Beside one, a call is made
 * for every row that comes out, which is the same only if it is STABLE.
 */
static List *
calls_beside_sets(List *target)
{
	List *calls = NIL;
	ListCell *cell;

	foreach (cell, target)
	{
		Node *expression = (Node *) lfirst_node(TargetEntry, cell)->expr;
		List *found = evc_find_calls(expression, NIL);
		ListCell *call;

		foreach (call, found)
			if (evc_is_stable_marker(((FuncExpr *) lfirst(call))->funcid))
				calls = list_append_unique(calls, lfirst(call));
	}
	return calls;
}

static bool
collect_calls(Node *node, void *context)
{
	List **calls = context;

	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
		*calls = calls_of_aggregate((Aggref *) node, *calls);
	else if (IsA(node, WindowFunc))
		*calls = calls_of_window((WindowFunc *) node, *calls);
	else
		return expression_tree_walker(node, collect_calls, context);
	return false;
}

/* Every column of the child, as the node above it sees it. */
static List *
child_columns(Plan *child)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, child->targetlist)
		columns =
			lappend(columns,
					makeVarFromTargetEntry(OUTER_VAR, lfirst_node(TargetEntry, cell)));
	return columns;
}

/* All columns of the node, its calls at the end, as its target list. */
static List *
pass_on(List *columns, List *child_target)
{
	List *target = NIL;
	ListCell *cell;

	foreach (cell, columns)
	{
		int place = foreach_current_index(cell);
		Node *column = lfirst(cell);
		Var *var = makeVar(INDEX_VAR, place + 1, exprType(column), exprTypmod(column),
						   exprCollation(column), 0);
		TargetEntry *entry = makeTargetEntry((Expr *) var, place + 1, NULL, false);

		if (place < list_length(child_target))
		{
			TargetEntry *model = list_nth_node(TargetEntry, child_target, place);

			entry->resname = model->resname;
			entry->ressortgroupref = model->ressortgroupref;
			entry->resjunk = model->resjunk;
		}
		target = lappend(target, entry);
	}
	return target;
}

/* A window may stop reading early; an aggregate that is not sorted does not. */
static EvcScanHint
hint_below(const Plan *plan)
{
	if (IsA(plan, Agg) && ((const Agg *) plan)->aggstrategy != AGG_SORTED)
		return EVC_HINT_DRAIN;
	return EVC_HINT_UNKNOWN;
}

typedef struct Replacement
{
	List *calls;
	int offset;
	bool everywhere; /* not just in the arguments of aggregates */
} Replacement;

/*
 * Outside an aggregate an equal call may be something else: with grouping sets
 * its argument is NULL in some rows.
 */
static Node *
replace_calls(Node *node, void *context)
{
	Replacement *replacement = context;

	if (node == NULL)
		return NULL;
	if (replacement->everywhere || IsA(node, Aggref) || IsA(node, WindowFunc))
		return evc_replace(node, replacement->calls, OUTER_VAR, replacement->offset);
	return expression_tree_mutator(node, replace_calls, context);
}

void
evc_insert_below(EvcSurgery *surgery, Plan *plan)
{
	EvcDemand demand = {.hint = hint_below(plan), .parent = plan};

	if (!IsA(plan, Agg) && !IsA(plan, WindowAgg) && !IsA(plan, ProjectSet))
		return;
	for (;;)
	{
		Plan *child = plan->lefttree;
		List *calls = NIL;
		List *columns;
		int n_child;
		CustomScan *scan;
		Replacement replacement;

		if (IsA(plan, ProjectSet))
			calls = calls_beside_sets(plan->targetlist);
		else
		{
			(void) collect_calls((Node *) plan->targetlist, &calls);
			(void) collect_calls((Node *) plan->qual, &calls);
		}
		if (calls == NIL || child == NULL)
			return;
		columns = child_columns(child);
		n_child = list_length(columns);
		columns = list_concat(columns, copyObject(calls));
		scan = evc_make_node(surgery, child, child, columns, n_child);
		scan->scan.plan.targetlist = pass_on(columns, child->targetlist);
		replacement = (Replacement){calls, n_child, IsA(plan, ProjectSet)};
		plan->targetlist =
			(List *) replace_calls((Node *) plan->targetlist, &replacement);
		plan->qual = (List *) replace_calls((Node *) plan->qual, &replacement);
		plan->lefttree = (Plan *) scan;
		evc_set_demand(surgery, scan, &demand);
	}
}
