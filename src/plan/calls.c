/*
 * plan/calls.c
 *	  Which calls of an expression can be made ahead.
 *
 * Where an expression may skip a part of itself (CASE, COALESCE, AND, OR, the
 * subscripts of an array that is NULL, the path into a document that is), what it
 * may skip stays where it is: row-at-a-time evaluation would perhaps not have
 * called it.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "batch/markers.h"
#include "compat.h"
#include "plan/surgery.h"

static bool find(Node *node, List **found);

static bool
is_call(Node *node)
{
	return IsA(node, FuncExpr) &&
		   evc_marker_kind(((FuncExpr *) node)->funcid) != EVC_MARKER_NONE;
}

/* What must not be evaluated ahead, or can't be outside its place. */
static bool
holds_obstacle(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_CaseTestExpr:
		case T_CurrentOfExpr:
			return true;
		default:
			return is_call(node) || expression_tree_walker(node, holds_obstacle, context);
	}
}

/* The second argument of decrypt_as is there for its type, and is not evaluated. */
static bool
type_is_constant(FuncExpr *call)
{
	return list_length(call->args) < 2 || IsA(lsecond(call->args), Const);
}

/* A call whose argument still holds one waits for the next round. */
static bool
is_ready(FuncExpr *call)
{
	Node *arguments = (Node *) call->args;

	return !call->funcretset && type_is_constant(call) &&
		   !contain_volatile_functions(arguments) && !expression_returns_set(arguments) &&
		   !holds_obstacle(arguments, NULL);
}

/* Two encryptions of one value are two ciphertexts. */
static List *
add_call(List *found, FuncExpr *call)
{
	if (evc_is_stable_marker(call->funcid))
		return list_append_unique(found, call);
	return list_append_unique_ptr(found, call);
}

static bool
find_in_case(CaseExpr *expression, List **found)
{
	CaseWhen *first = linitial_node(CaseWhen, expression->args);

	if (expression->arg != NULL)
		return find((Node *) expression->arg, found);
	return find((Node *) first->expr, found);
}

static bool
find(Node *node, List **found)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
		case T_RowCompareExpr:
			return false;
		case T_CaseExpr:
			return find_in_case((CaseExpr *) node, found);
		case T_CoalesceExpr:
			return find(linitial(((CoalesceExpr *) node)->args), found);
		case T_BoolExpr:
			return find(linitial(((BoolExpr *) node)->args), found);
		case T_ArrayCoerceExpr:
			return find((Node *) ((ArrayCoerceExpr *) node)->arg, found);
		case T_SubscriptingRef:
			/* An array that is NULL is not asked for an element. */
			return find((Node *) ((SubscriptingRef *) node)->refexpr, found);
		default:
			break;
	}
	if (evc_is_json_query(node))
		return find(evc_json_document(node), found);
	if (!is_call(node))
		return expression_tree_walker(node, find, found);
	if (is_ready((FuncExpr *) node))
	{
		*found = add_call(*found, (FuncExpr *) node);
		return false;
	}
	return find((Node *) ((FuncExpr *) node)->args, found);
}

List *
evc_find_calls(Node *expression, List *found)
{
	(void) find(expression, &found);
	return found;
}
