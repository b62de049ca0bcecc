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
 *	  lift (B below a Limit, or below a Sort that does not sort by B's calls)
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
	char *subplans; /* what plan/volatile.c has found out of each; from 0 */
	bool is_cursor; /* WHERE CURRENT OF may ask for its row */
	bool steady; /* nobody notices when an InitPlan runs: the statement calls no VOLATILE
				  * functions, and is no cursor */
} EvcSurgery;

/* What the plan above wants of a node. */
typedef struct EvcDemand
{
	EvcScanHint hint;
	int limit;			/* rows, with EVC_HINT_LIMITED */
	const Plan *parent; /* NULL: top of a plan */
} EvcDemand;

/* plan/calls.c */

/* A call that can be made ahead. */
typedef struct EvcFound
{
	FuncExpr *call;	  /* in place */
	List *places;	  /* it, and equal ones if it is STABLE */
	List *conditions; /* made for rows for which these are true, in this order; as
					   * the expression has them, in place */
} EvcFound;

/*
 * Adds the calls of an expression (or list of them) whose arguments are ready to
 * be evaluated below.  The expression is evaluated where "conditions" are true.
 */
extern List *evc_find_calls(const EvcSurgery *surgery, void *expression, List *conditions,
							List *found);

/* A call of a function of ours? */
extern bool evc_is_call(Node *node);

/* plan/wrap.c: top of the plan that takes P's place; P itself if nothing moved. */
extern Plan *evc_wrap_above(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand);

/* plan/append.c: a node above "child" that passes its columns on and appends calls. */
extern Plan *evc_append_calls(EvcSurgery *surgery, Plan *child, List *found,
							  const EvcDemand *demand);

/* plan/append.c: is there room for them in a tuple, which the node above may make? */
extern bool evc_may_append(const Plan *child, const List *found);

/* plan/append.c: tells the node below "parent" which columns nobody reads above. */
extern void evc_drop_unused(const Plan *parent);

/* plan/insert.c: moves calls in aggregates' arguments below an Agg or WindowAgg. */
extern void evc_insert_below(EvcSurgery *surgery, Plan *plan);

/* plan/join.c: moves calls in the keys of a HashJoin below it. */
extern void evc_insert_join_keys(EvcSurgery *surgery, Plan *plan);

/* plan/values.c: calls in the rows of VALUES lists become calls in the target list. */
extern void evc_rewrite_values(EvcSurgery *surgery, ValuesScan *scan);

/* plan/lift.c: batch nodes below this Limit or Sort go above it; the new top. */
extern Plan *evc_lift(EvcSurgery *surgery, Plan *plan, const EvcDemand *demand);

/* plan/leftover.c: notes in a batch node, if there is one, what stays scalar. */
extern void evc_note_leftovers(EvcSurgery *surgery);

/* plan/volatile.c: does running this plan a row further have effects of its own? */
extern bool evc_plan_is_volatile(const EvcSurgery *surgery, const Plan *plan);

/* plan/volatile.c: would somebody notice that a node reads this child ahead? */
extern bool evc_shows_reading_ahead(const EvcSurgery *surgery, const Plan *plan);

/* plan/volatile.c: does this part of a plan call VOLATILE functions of others? */
extern bool evc_calls_volatile(const Plan *plan);

/* plan/disabled.c: after all moves, for EXPLAIN. */
extern void evc_settle_disabled(PlannedStmt *stmt);

/* plan/node.c */

/*
 * A batch node above "child", in the place of "model", whose costs, parameters
 * and InitPlans it takes over.  Its columns are the child's, which are "leaves" of
 * the expressions that hold the calls "found", and then these.
 */
extern CustomScan *evc_make_node(EvcSurgery *surgery, Plan *child, Plan *model,
								 List *leaves, List *found);

/*
 * Tells a node, whose child is as it will stay, how far it may read ahead: as
 * far as the plan above wants, but no row ahead of a child that is VOLATILE.
 */
extern void evc_set_demand(const EvcSurgery *surgery, CustomScan *scan,
						   const EvcDemand *demand);

/*
 * Replaces by Vars of "varno": leaves by columns 1 and up; calls (NIL: none) by those
 * from "first_call" on.
 */
extern Node *evc_replace(void *expression, List *leaves, List *found, Index varno,
						 int first_call);

#endif /* EVC_PLAN_SURGERY_H */
