/*
 * plan/independent.c
 *	  Expressions that are the same for every row.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "plan/independent.h"

/* Where a walk stands. */
typedef struct Scope
{
	bool has_case_value; /* below a node that gives CaseTestExpr its value */
} Scope;

static bool depends_on_row(Node *node, void *context);

static bool
children_depend(Node *node, Scope scope)
{
	return expression_tree_walker(node, depends_on_row, &scope);
}

/*
 * Nodes that are not known to be harmless count as dependent: then a call stays
 * where it is, which is always right.
 */
static bool
depends_on_row(Node *node, void *context)
{
	Scope *scope = context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Const:
		case T_SQLValueFunction:
			return false;
		case T_Param:
			return ((Param *) node)->paramkind != PARAM_EXTERN;
		case T_CaseTestExpr:
			return !scope->has_case_value;
		case T_CaseExpr:
		case T_ArrayCoerceExpr:
			return children_depend(node, (Scope){.has_case_value = true});
		case T_List:
		case T_NamedArgExpr:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_SubscriptingRef:
		case T_FieldSelect:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ConvertRowtypeExpr:
		case T_CoerceToDomain:
		case T_CollateExpr:
		case T_CaseWhen:
		case T_ArrayExpr:
		case T_RowExpr:
		case T_RowCompareExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_NullTest:
		case T_BooleanTest:
			return children_depend(node, *scope);
		default:
			return true;
	}
}

bool
evc_row_independent(List *arguments)
{
	Scope outermost = {.has_case_value = false};
	Node *node = (Node *) arguments;

	return !depends_on_row(node, &outermost) && !expression_returns_set(node) &&
		   !contain_volatile_functions(node);
}
