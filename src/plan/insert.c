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
#include "plan/walk.h"

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

/* Where a walk stands. */
typedef struct Collection
{
	const EvcSurgery *surgery;
	bool every_row; /* window functions look at every row */
	List *found;
} Collection;

static List *
calls_of_arguments(const Collection *all, Expr *filter, List *args)
{
	List *found = evc_find_calls(all->surgery, filter, NIL, all->found);

	return evc_find_calls(all->surgery, args, conditions_of(filter), found);
}

static bool
collect_calls(Node *node, void *context)
{
	Collection *all = context;

	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
	{
		Aggref *aggregate = (Aggref *) node;

		all->found = calls_of_arguments(all, aggregate->aggfilter, aggregate->args);
		return false;
	}
	if (IsA(node, WindowFunc))
	{
		WindowFunc *function = (WindowFunc *) node;

		/* lag() and the like look at some rows, as they like. */
		if (all->every_row && function->winagg)
			all->found = calls_of_arguments(all, function->aggfilter, function->args);
		return false;
	}
	return expression_tree_walker(node, collect_calls, context);
}

/*
 * Is every row in the frame of a row, its own, so that an aggregate comes to it?
 * With a run condition it is not asked for all rows.
 */
static bool
looks_at_every_row(const WindowAgg *window)
{
	const int starts = FRAMEOPTION_START_UNBOUNDED_PRECEDING |
					   FRAMEOPTION_START_OFFSET_PRECEDING | FRAMEOPTION_START_CURRENT_ROW;
	const int ends = FRAMEOPTION_END_UNBOUNDED_FOLLOWING |
					 FRAMEOPTION_END_OFFSET_FOLLOWING | FRAMEOPTION_END_CURRENT_ROW;

	return window->runCondition == NIL && (window->frameOptions & starts) != 0 &&
		   (window->frameOptions & ends) != 0 &&
		   (window->frameOptions & FRAMEOPTION_EXCLUSION) == 0;
}

/*
 * Calls beside or inside a set-returning function.  Beside one, a call is made
 * for every row that comes out, which is the same only if it is STABLE.
 */
static List *
calls_beside_sets(const EvcSurgery *surgery, List *target)
{
	List *stable = NIL;
	ListCell *cell;

	foreach (cell, evc_find_calls(surgery, target, NIL, NIL))
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
calls_of(const EvcSurgery *surgery, const Plan *plan)
{
	Collection all = {.surgery = surgery};

	if (IsA(plan, ProjectSet))
		return calls_beside_sets(surgery, plan->targetlist);
	if (IsA(plan, WindowAgg))
		all.every_row = looks_at_every_row((const WindowAgg *) plan);
	(void) collect_calls((Node *) plan->targetlist, &all);
	(void) collect_calls((Node *) plan->qual, &all);
	return evc_expects_spill(plan) ? drop_stable(all.found) : all.found;
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

static void *
replaced(const Replacement *replacement, void *expression)
{
	return evc_replace(expression, NIL, replacement->found, OUTER_VAR,
					   replacement->first_call);
}

static Node *
replace_in_aggregate(const Replacement *replacement, const Aggref *aggregate)
{
	Aggref *copy = makeNode(Aggref);

	*copy = *aggregate;
	copy->args = replaced(replacement, aggregate->args);
	copy->aggfilter = replaced(replacement, aggregate->aggfilter);
	return (Node *) copy;
}

/*
 * Outside the arguments of an aggregate, and in its direct ones, an equal call may
 * be something else: with grouping sets its argument is NULL in some rows.
 */
static Node *
replace_calls(Node *node, void *context)
{
	Replacement *replacement = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref))
		return replace_in_aggregate(replacement, (Aggref *) node);
	if (replacement->everywhere || IsA(node, WindowFunc))
		return replaced(replacement, node);
	return expression_tree_mutator(node, replace_calls, context);
}

void
evc_insert_below(EvcSurgery *surgery, Plan *plan)
{
	EvcDemand demand = {.hint = hint_below(plan), .parent = plan};
	bool inserted = false;

	if (plan->lefttree == NULL ||
		(!IsA(plan, Agg) && !IsA(plan, WindowAgg) && !IsA(plan, ProjectSet)))
		return;
	for (;;)
	{
		Replacement replacement = {
			.found = calls_of(surgery, plan),
			.first_call = list_length(plan->lefttree->targetlist) + 1,
			.everywhere = IsA(plan, ProjectSet),
		};

		if (replacement.found == NIL ||
			!evc_may_append(plan->lefttree, replacement.found))
			break;
		plan->lefttree =
			evc_append_calls(surgery, plan->lefttree, replacement.found, &demand);
		plan->targetlist =
			(List *) replace_calls((Node *) plan->targetlist, &replacement);
		plan->qual = (List *) replace_calls((Node *) plan->qual, &replacement);
		inserted = true;
	}
	if (inserted)
		evc_drop_unused(plan);
}
