/*
 * plan/guard.c
 *	  Calls in places that a statement may never come to.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "plan/branch.h"
#include "plan/guard.h"

/* Where a walk stands. */
typedef struct Place
{
	bool (*is_call)(Node *);
	bool guarded;
} Place;

static bool holds_guarded(Node *node, void *context);

static bool
holds_in_branches(List *branches, const Place *place)
{
	ListCell *cell;

	foreach (cell, branches)
	{
		EvcBranch *branch = lfirst(cell);
		Place below = {place->is_call, place->guarded || branch->sometimes};

		if (holds_guarded(branch->part, &below))
			return true;
	}
	return false;
}

static bool
holds_in_children(Node *node, Place *place, bool guards)
{
	Place below = {.is_call = place->is_call, .guarded = place->guarded || guards};

	return expression_tree_walker(node, holds_guarded, &below);
}

/* WHERE, ON or HAVING: what AND joins there stands on its own. */
static bool
holds_in_quals(Node *quals, Place *place)
{
	ListCell *cell;

	if (quals == NULL || !is_andclause(quals))
		return holds_guarded(quals, place);
	foreach (cell, ((BoolExpr *) quals)->args)
		if (holds_in_quals(lfirst(cell), place))
			return true;
	return false;
}

static bool
holds_in_query(Query *query, Place *place)
{
	Query rest = *query;

	rest.havingQual = NULL;
	return holds_in_quals(query->havingQual, place) ||
		   query_tree_walker(&rest, holds_guarded, place, 0);
}

static bool
holds_in_join(JoinExpr *join, Place *place)
{
	return holds_guarded(join->larg, place) || holds_guarded(join->rarg, place) ||
		   holds_in_quals(join->quals, place);
}

static bool
holds_guarded(Node *node, void *context)
{
	Place *place = context;
	List *branches;

	if (node == NULL)
		return false;
	if (place->is_call(node))
		return place->guarded;
	if (evc_branches(node, &branches))
		return holds_in_branches(branches, place);
	switch (nodeTag(node))
	{
		case T_Query:
			return holds_in_query((Query *) node, place);
		case T_FromExpr:
			return holds_guarded((Node *) ((FromExpr *) node)->fromlist, place) ||
				   holds_in_quals(((FromExpr *) node)->quals, place);
		case T_JoinExpr:
			return holds_in_join((JoinExpr *) node, place);
		case T_Aggref:
			return holds_in_children(node, place, ((Aggref *) node)->aggfilter != NULL);
		case T_WindowFunc:
			return holds_in_children(node, place,
									 ((WindowFunc *) node)->aggfilter != NULL);
		default:
			return holds_in_children(node, place, false);
	}
}

bool
evc_holds_guarded(Query *query, bool (*is_call)(Node *))
{
	Place outermost = {.is_call = is_call, .guarded = false};

	return holds_guarded((Node *) query, &outermost);
}
