/*
 * plan/branch.c
 *	  Under which conditions the parts of an expression are evaluated.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "plan/branch.h"

static List *
add(List *branches, void *part, List *conditions, bool sometimes)
{
	EvcBranch *branch = palloc(sizeof(EvcBranch));

	if (part == NULL)
		return branches;
	branch->part = part;
	branch->conditions = conditions;
	branch->sometimes = sometimes;
	return lappend(branches, branch);
}

static List *
add_always(List *branches, void *part)
{
	return add(branches, part, NIL, false);
}

static List *
add_sometimes(List *branches, void *part)
{
	return add(branches, part, NIL, true);
}

static List *
add_if(List *branches, void *part, List *conditions)
{
	return add(branches, part, list_copy(conditions), conditions != NIL);
}

/* "value IS TRUE", or another test that is never NULL. */
static Node *
test(Expr *value, BoolTestType type)
{
	BooleanTest *result = makeNode(BooleanTest);

	result->arg = value;
	result->booltesttype = type;
	result->location = -1;
	return (Node *) result;
}

/* As COALESCE looks at it: a row of NULLs is not NULL. */
static Node *
test_null(Expr *value)
{
	NullTest *result = makeNode(NullTest);

	result->arg = value;
	result->nulltesttype = IS_NULL;
	result->argisrow = false;
	result->location = -1;
	return (Node *) result;
}

/* Nodes that give another value to the placeholder that a simple CASE compares. */
static bool
redefines_placeholder(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return (IsA(node, CaseExpr) && ((CaseExpr *) node)->arg != NULL) ||
		   IsA(node, ArrayCoerceExpr) ||
		   expression_tree_walker(node, redefines_placeholder, context);
}

static Node *
fill_placeholder(Node *node, void *value)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return copyObject((Node *) value);
	return expression_tree_mutator(node, fill_placeholder, value);
}

/* What a WHEN tests, as an expression that can stand alone; NULL if there is none. */
static Expr *
tested(const CaseExpr *expression, const CaseWhen *when)
{
	if (expression->arg == NULL)
		return when->expr;
	if (redefines_placeholder((Node *) when->expr, NULL))
		return NULL;
	return (Expr *) fill_placeholder((Node *) when->expr, expression->arg);
}

static List *
branches_of_case(const CaseExpr *expression)
{
	List *branches = add_always(NIL, expression->arg);
	List *conditions = NIL;
	bool known = true;
	ListCell *cell;

	foreach (cell, expression->args)
	{
		CaseWhen *when = lfirst_node(CaseWhen, cell);
		Expr *condition = tested(expression, when);

		branches = known ? add_if(branches, when->expr, conditions)
						 : add_sometimes(branches, when->expr);
		known &= condition != NULL;
		if (!known)
		{
			branches = add_sometimes(branches, when->result);
			continue;
		}
		branches = add_if(branches, when->result,
						  lappend(list_copy(conditions), test(condition, IS_TRUE)));
		conditions = lappend(conditions, test(condition, IS_NOT_TRUE));
	}
	return known ? add_if(branches, expression->defresult, conditions)
				 : add_sometimes(branches, expression->defresult);
}

/* Arguments in order, each evaluated if the ones before it have not decided. */
static List *
branches_of_list(List *arguments, Node *(*undecided)(Expr *) )
{
	List *branches = NIL;
	List *conditions = NIL;
	ListCell *cell;

	foreach (cell, arguments)
	{
		branches = add_if(branches, lfirst(cell), conditions);
		conditions = lappend(conditions, undecided(lfirst(cell)));
	}
	return branches;
}

static Node *
undecided_and(Expr *value)
{
	return test(value, IS_NOT_FALSE);
}

static Node *
undecided_or(Expr *value)
{
	return test(value, IS_NOT_TRUE);
}

/* An array that is NULL is not asked for an element. */
static List *
branches_of_subscript(const SubscriptingRef *reference)
{
	List *branches = add_always(NIL, reference->refexpr);

	branches = add_sometimes(branches, reference->refupperindexpr);
	branches = add_sometimes(branches, reference->reflowerindexpr);
	return add_sometimes(branches, reference->refassgnexpr);
}

static List *
branches_of_coercion(const ArrayCoerceExpr *coercion)
{
	return add_sometimes(add_always(NIL, coercion->arg), coercion->elemexpr);
}

/* Comparing rows ends at the first column that decides. */
static List *
branches_of_comparison(const RowCompareExpr *comparison)
{
	return add_sometimes(add_sometimes(NIL, comparison->largs), comparison->rargs);
}

#if PG_VERSION_NUM >= 170000
/* JSON_VALUE and the like: a document that is NULL is not searched. */
static List *
branches_of_json(const JsonExpr *json)
{
	List *branches = add_always(NIL, json->formatted_expr);

	branches = add_sometimes(branches, json->path_spec);
	branches = add_sometimes(branches, json->passing_values);
	if (json->on_empty != NULL)
		branches = add_sometimes(branches, json->on_empty->expr);
	if (json->on_error != NULL)
		branches = add_sometimes(branches, json->on_error->expr);
	return branches;
}
#endif

bool
evc_branches(Node *node, List **branches)
{
	switch (nodeTag(node))
	{
		case T_CaseExpr:
			*branches = branches_of_case((CaseExpr *) node);
			return true;
		case T_CoalesceExpr:
			*branches = branches_of_list(((CoalesceExpr *) node)->args, test_null);
			return true;
		case T_BoolExpr:
			*branches =
				branches_of_list(((BoolExpr *) node)->args,
								 is_orclause(node) ? undecided_or : undecided_and);
			return true;
		case T_SubscriptingRef:
			*branches = branches_of_subscript((SubscriptingRef *) node);
			return true;
		case T_ArrayCoerceExpr:
			*branches = branches_of_coercion((ArrayCoerceExpr *) node);
			return true;
		case T_RowCompareExpr:
			*branches = branches_of_comparison((RowCompareExpr *) node);
			return true;
#if PG_VERSION_NUM >= 170000
		case T_JsonExpr:
			*branches = branches_of_json((JsonExpr *) node);
			return true;
#endif
		default:
			return false;
	}
}
