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
 * The query itself if there is nothing to do, else a changed copy.  Calls of
 * VOLATILE functions (encrypt) are never touched.
 */
extern Query *evc_hoist(Query *query);

#endif /* EVC_PLAN_HOIST_H */
