/*
 * plan/hoist.h
 *	  Calls that are the same for every row become sub-selects.
 *
 * PostgreSQL runs STABLE functions with constant arguments while it plans a
 * statement: to estimate how many rows "col = decrypt('...')" keeps, what LIMIT
 * asks for, which partitions matter.  A plain EXPLAIN would then decrypt.  It
 * does not run (SELECT decrypt('...')), an InitPlan, and uses an index for it
 * all the same.
 */
#ifndef EVC_PLAN_HOIST_H
#define EVC_PLAN_HOIST_H

#include "postgres.h"

#include "nodes/parsenodes.h"

/*
 * A changed copy, or NULL if there is nothing to do.  Calls of VOLATILE functions
 * (encrypt) are never touched.  *guarded says whether a call came from a place
 * that may never be evaluated: a parallel plan runs all InitPlans at its Gather,
 * needed or not.
 */
extern Query *evc_hoist(Query *query, bool *guarded);

#endif /* EVC_PLAN_HOIST_H */
