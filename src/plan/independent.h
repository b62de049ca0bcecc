/*
 * plan/independent.h
 *	  Is an expression the same for every row of a statement?
 */
#ifndef EVC_PLAN_INDEPENDENT_H
#define EVC_PLAN_INDEPENDENT_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * True if the arguments of a call, as parsed, are made of constants, parameters
 * of the statement, and functions over them that are not volatile.
 */
extern bool evc_row_independent(List *arguments);

#endif /* EVC_PLAN_INDEPENDENT_H */
