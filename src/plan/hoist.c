/*
 * plan/hoist.c
 *	  Row-independent calls of STABLE markers become uncorrelated sub-selects.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "plan/guard.h"
#include "plan/hoist.h"
#include "plan/independent.h"
#include "batch/markers.h"

/* What is known of the query level that is being rewritten. */
typedef struct Level
{
	List *kept;	  /* expressions that stay as they are */
	bool hoisted; /* a sub-select has been put in */
} Level;

static bool
is_marker_call(Node *node)
{
	return IsA(node, FuncExpr) && evc_is_stable_marker(((FuncExpr *) node)->funcid);
}

static bool
can_hoist(Node *node)
{
	return is_marker_call(node) && !((FuncExpr *) node)->funcretset &&
		   evc_row_independent(((FuncExpr *) node)->args);
}

static bool
holds_call(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, holds_call, context, 0);
	return can_hoist(node) || expression_tree_walker(node, holds_call, context);
}

/*
 * A SELECT of expressions and nothing else.  PostgreSQL never runs them while
 * planning, and PL/pgSQL insists that the plan of what it takes for a simple
 * expression (exec_simple_check_plan) is a Result without InitPlans.
 */
static bool
is_bare_select(Query *query)
{
	return query->commandType == CMD_SELECT && query->rtable == NIL &&
		   query->jointree->fromlist == NIL && query->jointree->quals == NULL &&
		   query->cteList == NIL && !query->hasAggs && !query->hasWindowFuncs &&
		   !query->hasTargetSRFs && !query->hasSubLinks && query->groupClause == NIL &&
		   query->groupingSets == NIL && query->havingQual == NULL &&
		   query->windowClause == NIL && query->distinctClause == NIL &&
		   query->sortClause == NIL && query->limitOffset == NULL &&
		   query->limitCount == NULL && query->setOperations == NULL;
}

static bool
is_bare_sublink(Node *node)
{
	SubLink *sublink = (SubLink *) node;

	return IsA(node, SubLink) && sublink->subLinkType == EXPR_SUBLINK &&
		   is_bare_select(castNode(Query, sublink->subselect));
}

/* FROM decrypt('...'): not run while planning, and a function is wanted there. */
static bool
is_from_call(Node *node)
{
	return IsA(node, RangeTblFunction) &&
		   is_marker_call(((RangeTblFunction *) node)->funcexpr);
}

/* SELECT call */
static Query *
select_of(FuncExpr *call)
{
	Query *query = makeNode(Query);
	TargetEntry *entry =
		makeTargetEntry(copyObject((Expr *) call), 1, pstrdup("value"), false);

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->targetList = list_make1(entry);
	query->jointree = makeFromExpr(NIL, NULL);
	query->stmt_location = -1;
	return query;
}

static Node *
hoist_call(FuncExpr *call)
{
	SubLink *sublink = makeNode(SubLink);

	sublink->subLinkType = EXPR_SUBLINK;
	sublink->subselect = (Node *) select_of(call);
	sublink->location = call->location;
	return (Node *) sublink;
}

static Query *hoist_query(Query *query);

static Node *
hoist_mutator(Node *node, void *context)
{
	Level *level = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) hoist_query((Query *) node);
	if (is_bare_sublink(node) || is_from_call(node) || list_member(level->kept, node))
		return copyObject(node);
	if (!can_hoist(node))
		return expression_tree_mutator(node, hoist_mutator, context);
	level->hoisted = true;
	return hoist_call((FuncExpr *) node);
}

/*
 * With grouping sets a grouped expression is NULL in some rows, also where it
 * is part of a larger one; the planner recognises it there by being equal,
 * which two sub-selects never are.  Since 18 there is one of it, in the range
 * table, and Vars elsewhere: then nothing needs to be kept.
 */
static List *
expressions_to_keep(Query *query)
{
	if (query->groupingSets == NIL)
		return NIL;
	return get_sortgrouplist_exprs(query->groupClause, query->targetList);
}

/* They are kept only where they can be a grouped expression. */
static Query *
hoist_query(Query *query)
{
	Level level = {.kept = NIL};
	Query rest = *query;
	Query *result;

	rest.targetList = NIL;
	rest.havingQual = NULL;
	result = query_tree_mutator(&rest, hoist_mutator, &level, 0);
	level.kept = expressions_to_keep(query);
	result->targetList = (List *) hoist_mutator((Node *) query->targetList, &level);
	result->havingQual = hoist_mutator(query->havingQual, &level);
	result->hasSubLinks |= level.hoisted;
	return result;
}

Query *
evc_hoist(Query *query, bool *guarded)
{
	if (query->commandType == CMD_UTILITY || is_bare_select(query) ||
		!holds_call((Node *) query, NULL))
		return NULL;
	*guarded = evc_holds_guarded(query, can_hoist);
	return hoist_query(copyObject(query));
}
