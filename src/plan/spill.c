/*
 * plan/spill.c
 *	  Does a node expect to write its input to temporary files?
 *
 * Then no plaintext may be added to that input, which would be on disk only
 * because calls are made below the node instead of in it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"

#include "plan/walk.h"

/* Of a row, beside its columns: headers and pointers; and what decrypting adds. */
#define ROW_OVERHEAD 64
#define PLAINTEXT_WIDTH 64

static bool
is_more_than(double rows, int width, double limit)
{
	return rows * (width + ROW_OVERHEAD + PLAINTEXT_WIDTH) > limit;
}

/* With grouping sets, of those that are sorted all but the first sort the input again. */
static bool
sorts_again(const Agg *aggregate)
{
	ListCell *cell;

	foreach (cell, aggregate->chain)
		if (outerPlan(lfirst_node(Agg, cell)) != NULL)
			return true;
	return false;
}

/* With grouping sets there is a chain of nodes, each for one of the groupings. */
static double
hashed_groups(const Agg *aggregate)
{
	double groups = 0;
	ListCell *cell;

	if (aggregate->aggstrategy == AGG_HASHED || aggregate->aggstrategy == AGG_MIXED)
		groups = aggregate->numGroups;
	foreach (cell, aggregate->chain)
		if (lfirst_node(Agg, cell)->aggstrategy == AGG_HASHED)
			groups += lfirst_node(Agg, cell)->numGroups;
	return groups;
}

static bool
aggregate_spills(const Agg *aggregate)
{
	const Plan *input = outerPlan(aggregate);

	return is_more_than(hashed_groups(aggregate), input->plan_width,
						get_hash_memory_limit()) ||
		   (sorts_again(aggregate) &&
			is_more_than(input->plan_rows, input->plan_width, work_mem * 1024.0));
}

static bool
holds_window_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return (IsA(node, WindowFunc) && !((WindowFunc *) node)->winagg) ||
		   expression_tree_walker(node, holds_window_function, context);
}

/*
 * Aggregates alone, each from the first row to the current one, and those that are
 * its equals.  Other window functions look back and ahead.
 */
static bool
is_running(const WindowAgg *window)
{
	const int running =
		FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_END_CURRENT_ROW;
	int options = window->frameOptions;

	return (options & running) == running && (options & FRAMEOPTION_EXCLUSION) == 0 &&
		   ((options & FRAMEOPTION_ROWS) != 0 || window->ordNumCols > 0) &&
		   !holds_window_function((Node *) window->plan.targetlist, NULL);
}

/*
 * A running aggregate lets go of the rows it has seen; and a partition is taken for
 * small, since the plan does not say how many there are.
 */
static bool
window_spills(const WindowAgg *window)
{
	if (window->partNumCols > 0 || is_running(window))
		return false;
	return is_more_than(outerPlan(window)->plan_rows, outerPlan(window)->plan_width,
						work_mem * 1024.0);
}

bool
evc_expects_spill(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Agg:
			return aggregate_spills((const Agg *) plan);
		case T_WindowAgg:
			return window_spills((const WindowAgg *) plan);
		case T_Hash:
			return is_more_than(outerPlan(plan)->plan_rows, outerPlan(plan)->plan_width,
								get_hash_memory_limit());
		default:
			return false;
	}
}
