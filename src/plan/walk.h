/*
 * plan/walk.h
 *	  What a node of a plan consists of, and what is known of it.
 */
#ifndef EVC_PLAN_WALK_H
#define EVC_PLAN_WALK_H

#include "postgres.h"

#include "nodes/plannodes.h"

/* The plans below a node. */
extern List *evc_children(const Plan *plan);

/* Its expressions beside target list and filter, as far as they can hold calls. */
extern List *evc_own_expressions(const Plan *plan);

/*
 * plan/spill.c: does the planner expect that this Agg, WindowAgg or Hash writes its
 * input to disk?
 */
extern bool evc_expects_spill(const Plan *plan);

#endif /* EVC_PLAN_WALK_H */
