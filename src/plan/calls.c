/*
 * plan/calls.c
 *	  Which calls of an expression can be made ahead, and for which rows.
 *
 * Where an expression may skip a part of itself (plan/branch.h), row-at-a-time
 * evaluation would perhaps not have called what is in there.  Such a call is made
 * ahead for the rows for which the part is evaluated, if they can be told before;
 * otherwise it stays where it is.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "batch/markers.h"
#include "plan/branch.h"
#include "plan/surgery.h"

/* Where a walk stands. */
typedef struct Search
{
	const EvcSurgery *surgery;
	List **found;
	List *conditions; /* under which the walk's place is evaluated */
} Search;

static bool find(Node *node, void *context);

bool
evc_is_call(Node *node)
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
			return evc_is_call(node) ||
				   expression_tree_walker(node, holds_obstacle, context);
	}
}

static bool
can_be_ahead(List *expressions)
{
	Node *node = (Node *) expressions;

	return !contain_volatile_functions(node) && !expression_returns_set(node) &&
		   !holds_obstacle(node, NULL);
}

/* An argument that is there for its type is not evaluated. */
static bool
type_is_constant(FuncExpr *call)
{
	int type_at = evc_marker_info(evc_marker_kind(call->funcid))->type_at;

	return type_at < 0 || IsA(list_nth(call->args, type_at), Const);
}

static bool
holds_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC) ||
		   expression_tree_walker(node, holds_parameter, context);
}

/*
 * The expression tests its conditions again when the row is given out, and must
 * come to the same result: whatever runs in between (a trigger, the body of a loop,
 * the client of a cursor) may change what a STABLE function says.
 */
static bool
will_stay_true(const EvcSurgery *surgery, List *conditions)
{
	Node *node = (Node *) conditions;

	return !contain_mutable_functions(node) &&
		   (surgery->steady || !holds_parameter(node, NULL));
}

/* A call whose argument or condition still holds one waits for the next round. */
static bool
is_ready(const EvcSurgery *surgery, FuncExpr *call, List *conditions)
{
	return !call->funcretset && type_is_constant(call) && can_be_ahead(call->args) &&
		   can_be_ahead(conditions) && will_stay_true(surgery, conditions);
}

/* Two encryptions of one value are two ciphertexts. */
static EvcFound *
find_equal(List *found, const FuncExpr *call, List *conditions)
{
	ListCell *cell;

	if (!evc_is_stable_marker(call->funcid))
		return NULL;
	foreach (cell, found)
	{
		EvcFound *other = lfirst(cell);

		if (equal(other->call, call) && equal(other->conditions, conditions))
			return other;
	}
	return NULL;
}

static void
note(Search *search, FuncExpr *call)
{
	EvcFound *found = find_equal(*search->found, call, search->conditions);

	if (found == NULL)
	{
		found = palloc0(sizeof(EvcFound));
		found->call = call;
		found->conditions = search->conditions;
		*search->found = lappend(*search->found, found);
	}
	found->places = lappend(found->places, call);
}

/* Conditions come before what they guard, so they are searched there as well. */
static void
find_in_branches(List *branches, const Search *search)
{
	ListCell *cell;

	foreach (cell, branches)
	{
		EvcBranch *branch = lfirst(cell);
		Search below = {search->surgery, search->found,
						list_concat_copy(search->conditions, branch->conditions)};

		if (!branch->sometimes || branch->conditions != NIL)
			(void) find(branch->part, &below);
	}
}

static bool
find(Node *node, void *context)
{
	Search *search = context;
	List *branches;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_SubPlan:
		case T_AlternativeSubPlan:
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
			return false;
		default:
			break;
	}
	if (evc_branches(node, &branches))
		find_in_branches(branches, search);
	else if (evc_is_call(node) &&
			 is_ready(search->surgery, (FuncExpr *) node, search->conditions))
		note(search, (FuncExpr *) node);
	else
		return expression_tree_walker(node, find, context);
	return false;
}

List *
evc_find_calls(const EvcSurgery *surgery, void *expression, List *conditions, List *found)
{
	Search search = {surgery, &found, conditions};

	(void) find(expression, &search);
	return found;
}
