/*
 * plan/insert.c
 *	  Insert below: calls in the arguments and filters of aggregates and window
 *	  functions, and beside set-returning functions.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "batch/markers.h"
#include "plan/surgery.h"

/* With a filter the arguments are evaluated for the rows that pass it. */
static List *
conditions_of(Expr *filter)
{
	BooleanTest *test;

	if (filter == NULL)
		return NIL;
	test = makeNode(BooleanTest);
	test->arg = filter;
	test->booltesttype = IS_TRUE;
	test->location = -1;
	return list_make1(test);
}

static bool
collect_calls(Node *node, void *context)
{
	List **found = context;

	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		Aggref *aggregate = (Aggref *) node;

		*found = evc_find_calls(aggregate->aggfilter, NIL, *found);
		*found =
			evc_find_calls(aggregate->args, conditions_of(aggregate->aggfilter), *found);
		return false;
	}
	if (IsA(node, WindowFunc))
	{
		WindowFunc *function = (WindowFunc *) node;

		*found = evc_find_calls(function->aggfilter, NIL, *found);
		*found =
			evc_find_calls(function->args, conditions_of(function->aggfilter), *found);
		return false;
	}
	return expression_tree_walker(node, collect_calls, context);
}

/*
 * Calls beside or inside a set-returning function.  Beside one, a call is made
 * for every row that comes out, which is the same only if it is STABLE.
 */
static List *
calls_beside_sets(List *target)
{
	List *stable = NIL;
	ListCell *cell;

	foreach (cell, evc_find_calls(target, NIL, NIL))
	{
		EvcFound *found = lfirst(cell);

		if (evc_is_stable_marker(found->call->funcid))
			stable = lappend(stable, found);
	}
	return stable;
}

/* What a node writes to disk holds ciphertext, but no plaintext. */
static List *
drop_stable(List *found)
{
	List *rest = NIL;
	ListCell *cell;

	foreach (cell, found)
		if (!evc_is_stable_marker(((EvcFound *) lfirst(cell))->call->funcid))
			rest = lappend(rest, lfirst(cell));
	return rest;
}

static List *
calls_of(const Plan *plan)
{
	List *found = NIL;

	if (IsA(plan, ProjectSet))
		return calls_beside_sets(plan->targetlist);
	(void) collect_calls((Node *) plan->targetlist, &found);
	(void) collect_calls((Node *) plan->qual, &found);
	return evc_expects_spill(plan) ? drop_stable(found) : found;
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
	List *found;
	int first_call;
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
		return evc_replace(node, NIL, replacement->found, OUTER_VAR,
						   replacement->first_call);
	return expression_tree_mutator(node, replace_calls, context);
}

void
evc_insert_below(EvcSurgery *surgery, Plan *plan)
{
	EvcDemand demand = {.hint = hint_below(plan), .parent = plan};

	if (plan->lefttree == NULL ||
		(!IsA(plan, Agg) && !IsA(plan, WindowAgg) && !IsA(plan, ProjectSet)))
		return;
	for (;;)
	{
		Replacement replacement = {
			.found = calls_of(plan),
			.first_call = list_length(plan->lefttree->targetlist) + 1,
			.everywhere = IsA(plan, ProjectSet),
		};

		if (replacement.found == NIL)
			return;
		plan->lefttree =
			evc_append_calls(surgery, plan->lefttree, replacement.found, &demand);
		plan->targetlist =
			(List *) replace_calls((Node *) plan->targetlist, &replacement);
		plan->qual = (List *) replace_calls((Node *) plan->qual, &replacement);
	}
}
