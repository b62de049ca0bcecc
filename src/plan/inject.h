/*
 * plan/inject.h
 *	  Puts batch nodes into a finished plan.
 */
#ifndef EVC_PLAN_INJECT_H
#define EVC_PLAN_INJECT_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * Changes the plan in place.  What it does not know it leaves alone: then the
 * calls stay scalar, which is always right.
 */
extern void evc_inject(PlannedStmt *stmt, int cursor_options);

#endif /* EVC_PLAN_INJECT_H */
