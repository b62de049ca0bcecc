/*
 * plan/guard.h
 *	  Calls in places that a statement may never come to.
 */
#ifndef EVC_PLAN_GUARD_H
#define EVC_PLAN_GUARD_H

#include "postgres.h"

#include "nodes/parsenodes.h"

/*
 * Does the query hold, at any level, a node that "is_call" and that is evaluated
 * for some rows only: in a branch of CASE, after the first argument of COALESCE,
 * AND or OR, below an aggregate with a FILTER?  The conditions that AND joins in
 * WHERE, ON and HAVING are no such places: their order is the planner's choice.
 */
extern bool evc_holds_guarded(Query *query, bool (*is_call)(Node *));

#endif /* EVC_PLAN_GUARD_H */
