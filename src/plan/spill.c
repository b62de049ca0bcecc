/*
 * plan/spill.c
 *	  Does a node expect to write its input to temporary files?
 *
 * Then no plaintext may be added to that input, which would be on disk only
 * because calls are made below the node instead of in it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/parsenodes.h"

#include "plan/surgery.h"

/* Of a row, beside its columns: headers and pointers; and what decrypting adds. */
#define ROW_OVERHEAD 64
#define PLAINTEXT_WIDTH 64

static bool
is_more_than(double rows, int width, double limit)
{
	return rows * (width + ROW_OVERHEAD + PLAINTEXT_WIDTH) > limit;
}

/* With grouping sets there is a chain of nodes, each for one of the groupings. */
static bool
aggregate_spills(const Agg *aggregate)
{
	double groups = aggregate->numGroups;
	ListCell *cell;

	if (aggregate->aggstrategy != AGG_HASHED && aggregate->aggstrategy != AGG_MIXED)
		return false;
	foreach (cell, aggregate->chain)
		groups += lfirst_node(Agg, cell)->numGroups;
	return is_more_than(groups, outerPlan(aggregate)->plan_width,
						get_hash_memory_limit());
}

/* From the first row to the current one, and those that are its equals. */
static bool
is_running(const WindowAgg *window)
{
	const int running =
		FRAMEOPTION_START_UNBOUNDED_PRECEDING | FRAMEOPTION_END_CURRENT_ROW;
	int options = window->frameOptions;

	return (options & running) == running && (options & FRAMEOPTION_EXCLUSION) == 0 &&
		   ((options & FRAMEOPTION_ROWS) != 0 || window->ordNumCols > 0);
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
