/*
 * plan/guard.c
 *	  Calls in places that a statement may never come to.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "compat.h"
#include "plan/guard.h"

/* Where a walk stands. */
typedef struct Place
{
	bool (*is_call)(Node *);
	bool guarded;
} Place;

static bool holds_guarded(Node *node, void *context);

static bool
holds_below(Node *node, const Place *place)
{
	Place below = {.is_call = place->is_call, .guarded = true};

	return holds_guarded(node, &below);
}

/* The first of a list is always evaluated, the others perhaps. */
static bool
holds_after_first(List *list, Place *place)
{
	ListCell *cell;

	foreach (cell, list)
		if (foreach_current_index(cell) == 0 ? holds_guarded(lfirst(cell), place)
											 : holds_below(lfirst(cell), place))
			return true;
	return false;
}

static bool
holds_in_case(CaseExpr *node, Place *place)
{
	ListCell *cell;

	if (holds_guarded((Node *) node->arg, place) ||
		holds_below((Node *) node->defresult, place))
		return true;
	foreach (cell, node->args)
	{
		CaseWhen *when = lfirst_node(CaseWhen, cell);

		if (holds_below((Node *) when->result, place) ||
			(foreach_current_index(cell) == 0 ? holds_guarded((Node *) when->expr, place)
											  : holds_below((Node *) when->expr, place)))
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

	if (node == NULL)
		return false;
	if (place->is_call(node))
		return place->guarded;
	switch (nodeTag(node))
	{
		case T_Query:
			return holds_in_query((Query *) node, place);
		case T_FromExpr:
			return holds_guarded((Node *) ((FromExpr *) node)->fromlist, place) ||
				   holds_in_quals(((FromExpr *) node)->quals, place);
		case T_JoinExpr:
			return holds_in_join((JoinExpr *) node, place);
		case T_CaseExpr:
			return holds_in_case((CaseExpr *) node, place);
		case T_CoalesceExpr:
			return holds_after_first(((CoalesceExpr *) node)->args, place);
		case T_BoolExpr:
			return holds_after_first(((BoolExpr *) node)->args, place);
		case T_Aggref:
			return holds_in_children(node, place, ((Aggref *) node)->aggfilter != NULL);
		case T_WindowFunc:
			return holds_in_children(node, place,
									 ((WindowFunc *) node)->aggfilter != NULL);
		case T_RowCompareExpr:
			return holds_in_children(node, place, true);
		default:
			return holds_in_children(node, place, evc_is_json_query(node));
	}
}

bool
evc_holds_guarded(Query *query, bool (*is_call)(Node *))
{
	Place outermost = {.is_call = is_call, .guarded = false};

	return holds_guarded((Node *) query, &outermost);
}
