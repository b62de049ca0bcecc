/*
 * plan/branch.h
 *	  Parts of an expression that are evaluated only sometimes.
 */
#ifndef EVC_PLAN_BRANCH_H
#define EVC_PLAN_BRANCH_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

/* A part of an expression that may skip parts of itself. */
typedef struct EvcBranch
{
	Node *part;
	bool sometimes;	  /* evaluated for some rows only */
	List *conditions; /* which those are: where all of these, in this order, are
					   * true; NIL: nobody can say */
} EvcBranch;

/*
 * The parts (EvcBranch, in a list) of CASE, COALESCE, AND, OR and other nodes that
 * skip parts of themselves, as execExpr.c compiles them.  False if the node is
 * none: then it evaluates all that is in it.
 */
extern bool evc_branches(Node *node, List **branches);

#endif /* EVC_PLAN_BRANCH_H */
