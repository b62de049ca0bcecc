/*
 * plan/keys.h
 *	  What a Sort sorts by, as the node below it computes it.
 */
#ifndef EVC_PLAN_KEYS_H
#define EVC_PLAN_KEYS_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * What "parent", if it is a Sort, sorts by and the target list of the node below
 * computes: expressions, in place, in a list of the caller's.  NIL also if the calls
 * of that node can't be lifted anyway.
 */
extern List *evc_sort_keys(const Plan *parent, List *target);

#endif /* EVC_PLAN_KEYS_H */
