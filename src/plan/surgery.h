/*
 * plan/surgery.h
 *	  What the moves on a finished plan share; for the files of this room only.
 *
 * A move takes calls out of a node P's expressions and lets a batch node B make
 * them.  There are three:
 *
 *	  wrap above (calls in P's target list or filter)
 *
 *	       parent                parent
 *	         |                     |
 *	         P  [f(x), y]   =>     B  [f(x), y]     calls, filter
 *	         |                     |
 *	        ...                    P  [x, y]        leaves only
 *	                               |
 *
 *	  insert below (calls in arguments of P's aggregates)
 *
 *	         P  [sum(f(x))]        P  [sum(c3)]
 *	         |              =>     |
 *	         C  [x, y]             B  [x, y, c3]    c3 = f(x)
 *	                               |
 *	                               C  [x, y]
 *
 *	  lift (B below a Limit, or below a Sort that does not sort by a call)
 */
#ifndef EVC_PLAN_SURGERY_H
#define EVC_PLAN_SURGERY_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "exec/scan_private.h"

/* One statement's plan under the knife. */
typedef struct EvcSurgery
{
	PlannedStmt *stmt;
	int next_node_id;
} EvcSurgery;

/* What the plan above wants of a node. */
typedef struct EvcDemand
{
	EvcScanHint hint;
	int limit;			/* rows, with EVC_HINT_LIMITED */
	const Plan *parent; /* NULL: top of a plan */
} EvcDemand;

/* plan/calls.c */

/*
 * Calls in an expression that are made for every row it is evaluated for, and
 * whose arguments are ready to be evaluated below: FuncExprs, in place.
 * STABLE ones that are equal are listed once.
 */
extern List *evc_find_calls(Node *expression, List *found);

/* plan/wrap.c: top of the plan that takes P's place; P itself if nothing moved. */
extern Plan *evc_wrap_above(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand);

/* plan/insert.c: moves calls in aggregates' arguments below an Agg or WindowAgg. */
extern void evc_insert_below(EvcSurgery *surgery, Plan *plan);

/* plan/values.c: calls in the rows of VALUES lists become calls in the target list. */
extern void evc_rewrite_values(EvcSurgery *surgery, ValuesScan *scan);

/* plan/lift.c: batch nodes below this Limit or Sort go above it; the new top. */
extern Plan *evc_lift(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand);

/* plan/volatile.c: does running this plan a row further have effects of its own? */
extern bool evc_plan_is_volatile(const EvcSurgery *surgery, const Plan *plan);

/* plan/disabled.c: after all moves, for EXPLAIN. */
extern void evc_settle_disabled(PlannedStmt *stmt);

/* plan/node.c */

/*
 * A batch node above "child", in the place of "model", whose costs, parameters
 * and InitPlans it takes over.  "columns" are expressions over the child as
 * OUTER_VAR: "n_child" Vars for its columns, then the calls.
 */
extern CustomScan *evc_make_node(EvcSurgery *surgery, Plan *child, Plan *model,
								 List *columns, int n_child);

/*
 * Tells a node, whose child is as it will stay, how far it may read ahead: as
 * far as the plan above wants, but no row ahead of a child that is VOLATILE.
 */
extern void evc_set_demand(const EvcSurgery *surgery, CustomScan *scan,
						   const EvcDemand *demand);

/*
 * Replaces every expression that is equal to a member of "from" by a Var of
 * "varno" whose column is its place in the list plus "offset" (from 1).
 */
extern Node *evc_replace(Node *expression, List *from, Index varno, int offset);

#endif /* EVC_PLAN_SURGERY_H */
