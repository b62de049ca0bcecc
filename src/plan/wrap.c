/*
 * plan/wrap.c
 *	  Wrap above: calls in a node's target list and filter.
 *
 * The node keeps what its expressions are made of (its leaves), and the batch
 * node above it computes them.  Filters with calls come first, a node each, in
 * their order, so that a call is made only for rows that passed what stands
 * before it; the target list comes last, for rows that passed them all.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "plan/keys.h"
#include "plan/surgery.h"

/* Nodes that compute their own target list from their own input. */
static bool
projects(const Plan *plan, const EvcDemand *demand)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_TableFuncScan:
		case T_ValuesScan:
		case T_CteScan:
		case T_NamedTuplestoreScan:
		case T_WorkTableScan:
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
		case T_Agg:
		case T_Group:
		case T_Gather:
		case T_GatherMerge:
		case T_CustomScan:
			return true;
		case T_WindowAgg:
			/* A run condition names columns of the target list by their number. */
			return ((const WindowAgg *) plan)->runCondition == NIL;
		case T_Result:
			/* PL/pgSQL wants the plan of a simple expression to be a bare Result. */
			return plan->lefttree != NULL ||
				   (demand->parent != NULL && IsA(demand->parent, ModifyTable));
		default:
			return false;
	}
}

/* May a filter be evaluated above the node instead of in it? */
static bool
filter_may_move(const Plan *plan)
{
	/* A window's filter also tells it when to stop. */
	return !IsA(plan, WindowAgg);
}

static bool
is_leaf(Node *node)
{
	return IsA(node, Var) || IsA(node, Aggref) || IsA(node, WindowFunc) ||
		   IsA(node, GroupingFunc);
}

static bool
collect_leaves(Node *node, void *context)
{
	List **leaves = context;

	if (node == NULL || list_member_ptr(*leaves, node))
		return false;
	if (!is_leaf(node))
		return expression_tree_walker(node, collect_leaves, context);
	/* Two aggregates of random() are equal and not the same. */
	if (contain_volatile_functions(node))
		*leaves = list_append_unique_ptr(*leaves, node);
	else
		*leaves = list_append_unique(*leaves, node);
	return false;
}

/* SubPlans that set several parameters at once must stay with their readers. */
static bool
holds_multiexpr(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) && ((SubPlan *) node)->subLinkType == MULTIEXPR_SUBLINK)
		return true;
	return expression_tree_walker(node, holds_multiexpr, context);
}

/* The row of a cursor is found in one of several tables; a node stands for one. */
static bool
hides_tables(const EvcSurgery *surgery, const Plan *plan)
{
	return surgery->is_cursor && IsA(plan, Result) && plan->lefttree != NULL &&
		   IsA(plan->lefttree, Append);
}

static bool
may_wrap(const EvcSurgery *surgery, const Plan *plan, const EvcDemand *demand)
{
	return projects(plan, demand) && !hides_tables(surgery, plan) &&
		   !holds_multiexpr((Node *) plan->targetlist, NULL);
}

static List *
entries_of(List *expressions)
{
	List *entries = NIL;
	ListCell *cell;

	foreach (cell, expressions)
		entries = lappend(entries,
						  makeTargetEntry(copyObject(lfirst(cell)),
										  foreach_current_index(cell) + 1, NULL, false));
	return entries;
}

static bool
is_sort(const Plan *plan)
{
	return IsA(plan, Sort) || IsA(plan, IncrementalSort);
}

/*
 * A node above "plan" that makes "calls", filters by "filter" and gives
 * "target"; both are expressions of plan's own.  plan gives their leaves, after
 * those that are in "kept": parts of target that it goes on computing.
 */
static CustomScan *
put_above(EvcSurgery *surgery, Plan *plan, List *found, List *filter, List *target,
		  List *kept, const EvcDemand *demand)
{
	List *leaves = list_copy(kept);
	int first_call;
	CustomScan *scan;

	(void) collect_leaves((Node *) filter, &leaves);
	(void) collect_leaves((Node *) target, &leaves);
	scan = evc_make_node(surgery, plan, plan, leaves, found);
	first_call = list_length(leaves) + 1;
	scan->scan.plan.qual =
		(List *) evc_replace(filter, leaves, found, INDEX_VAR, first_call);
	/*
	 * Below a Sort a result that the filter needed goes no further: the call is
	 * made again above, for the rows that are left.
	 */
	if (filter != NIL && demand->parent != NULL && is_sort(demand->parent))
		found = NIL;
	scan->scan.plan.targetlist =
		(List *) evc_replace(target, leaves, found, INDEX_VAR, first_call);
	plan->targetlist = entries_of(leaves);
	evc_set_demand(surgery, scan, demand);
	return scan;
}

/* Place of the first filter that holds a call; the filters' number if none does. */
static int
first_with_call(const EvcSurgery *surgery, List *filters, List **found)
{
	ListCell *cell;

	foreach (cell, filters)
	{
		*found = evc_find_calls(surgery, lfirst(cell), NIL, NIL);
		if (*found != NIL)
			return foreach_current_index(cell);
	}
	return list_length(filters);
}

/* Filters from this place up to the next one that holds a call. */
static List *
take_filters(const EvcSurgery *surgery, List *filters, int place)
{
	List *taken = list_make1(list_nth(filters, place));
	List *found;
	int rest = first_with_call(surgery, list_copy_tail(filters, place + 1), &found);

	for (int i = 0; i < rest; i++)
		taken = lappend(taken, list_nth(filters, place + 1 + i));
	return taken;
}

/*
 * Moves the first filter with a call, and all after it, above "plan".  The node
 * made takes the target list over too, whose calls are the next round's: so
 * the filters that are left move from there.
 */
static Plan *
wrap_filter(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand)
{
	List *filters = plan->qual;
	List *found;
	int place = first_with_call(surgery, filters, &found);
	List *taken;
	List *rest;
	CustomScan *scan;

	if (place == list_length(filters) || !filter_may_move(plan))
		return plan;
	taken = take_filters(surgery, filters, place);
	rest = list_copy_tail(filters, place + list_length(taken));
	plan->qual = list_copy_head(filters, place);
	/* What is left is kept above, where the next round finds it. */
	scan = put_above(surgery, plan, found, list_concat(taken, rest), plan->targetlist,
					 NIL, demand);
	return (Plan *) scan;
}

/*
 * Below a Sort, what it sorts by comes first, in nodes of its own.  Then that stays
 * there, and the node that makes the other calls can be lifted above the Sort.
 */
static Plan *
wrap_target(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand)
{
	List *keys = evc_sort_keys(demand->parent, plan->targetlist);
	List *found = evc_find_calls(surgery, keys, NIL, NIL);

	if (found != NIL)
		keys = NIL;
	else
		found = evc_find_calls(surgery, plan->targetlist, NIL, NIL);
	if (found == NIL)
		return plan;
	return (Plan *) put_above(surgery, plan, found, NIL, plan->targetlist, keys, demand);
}

/* Below a filter nobody knows how many rows it takes. */
static EvcDemand
below_filter(const EvcDemand *demand)
{
	EvcDemand below = *demand;

	if (below.hint == EVC_HINT_LIMITED)
		below.hint = EVC_HINT_UNKNOWN;
	return below;
}

Plan *
evc_wrap_above(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand)
{
	EvcDemand for_filter = below_filter(demand);
	Plan *top = plan;
	Plan *before;

	if (!may_wrap(surgery, plan, demand))
		return plan;
	do
	{
		before = top;
		top = wrap_filter(surgery, top, &for_filter);
	} while (top != before);
	do
	{
		before = top;
		top = wrap_target(surgery, top, demand);
	} while (top != before);
	return top;
}
