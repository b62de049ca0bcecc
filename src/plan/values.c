/*
 * plan/values.c
 *	  Calls in the rows of a VALUES list become calls in its target list.
 *
 *	  Values Scan  [c1]                      Values Scan  [f(c2)]
 *	    (f('a')), (f('b')), (NULL)    =>       (NULL, 'a'), (NULL, 'b'), (NULL, NULL)
 *
 * Then wrapping the scan moves them like any others.  A column is rewritten if
 * every row has a call of the same function there, or NULL, which all calls
 * give for NULL.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"

#include "batch/markers.h"
#include "plan/surgery.h"

static bool
is_null(Node *node)
{
	return IsA(node, Const) && ((Const *) node)->constisnull;
}

/* One call that stands alone, and can be made ahead. */
static FuncExpr *
whole_call(const EvcSurgery *surgery, Node *node)
{
	List *found = evc_find_calls(surgery, node, NIL, NIL);

	if (found == NIL || (Node *) ((EvcFound *) linitial(found))->call != node)
		return NULL;
	return (FuncExpr *) node;
}

/* The same but for the first argument's value? */
static bool
is_like(const FuncExpr *call, const FuncExpr *model)
{
	return call->funcid == model->funcid &&
		   call->funcresulttype == model->funcresulttype &&
		   exprType(linitial(call->args)) == exprType(linitial(model->args)) &&
		   exprCollation(linitial(call->args)) == exprCollation(linitial(model->args));
}

/* A call that all rows of a column are like; NULL if they are not, or none calls. */
static FuncExpr *
model_of_column(const EvcSurgery *surgery, List *rows, int column)
{
	FuncExpr *model = NULL;
	ListCell *cell;

	foreach (cell, rows)
	{
		Node *value = list_nth(lfirst(cell), column);
		FuncExpr *call;

		if (is_null(value))
			continue;
		call = whole_call(surgery, value);
		if (call == NULL || (model != NULL && !is_like(call, model)))
			return NULL;
		model = call;
	}
	return model;
}

static Const *
null_like(Node *node)
{
	return makeNullConst(exprType(node), exprTypmod(node), exprCollation(node));
}

/* Moves the arguments of a column's calls into a column of their own, at the end. */
static void
split_column(List *rows, int column, FuncExpr *model)
{
	ListCell *cell;

	foreach (cell, rows)
	{
		List *row = lfirst(cell);
		ListCell *value = list_nth_cell(row, column);
		Node *argument = is_null(lfirst(value))
							 ? (Node *) null_like(linitial(model->args))
							 : linitial(((FuncExpr *) lfirst(value))->args);

		lfirst(value) = null_like((Node *) model);
		lfirst(cell) = lappend(row, argument);
	}
}

/* f(new column), to be put in the place of the old one. */
static FuncExpr *
call_of_column(FuncExpr *model, Index relation, AttrNumber attribute)
{
	FuncExpr *call = copyObject(model);
	Node *argument = linitial(model->args);

	linitial(call->args) =
		makeVar(relation, attribute, exprType(argument), -1, exprCollation(argument), 0);
	return call;
}

/* EXPLAIN looks for a name of every column. */
static void
name_column(RangeTblEntry *entry, AttrNumber attribute)
{
	entry->eref = copyObject(entry->eref);
	entry->eref->colnames =
		lappend(entry->eref->colnames, makeString(psprintf("argument%d", attribute)));
}

typedef struct Substitution
{
	Index relation;
	AttrNumber column;
	FuncExpr *call;
} Substitution;

static Node *
substitute(Node *node, void *context)
{
	Substitution *substitution = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varno == substitution->relation &&
		((Var *) node)->varattno == substitution->column)
		return (Node *) copyObject(substitution->call);
	return expression_tree_mutator(node, substitute, context);
}

typedef struct Uses
{
	Index relation;
	AttrNumber column; /* 0: the row as a whole */
	int count;
} Uses;

static bool
count_uses(Node *node, void *context)
{
	Uses *uses = context;

	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varno == uses->relation &&
		((Var *) node)->varattno == uses->column)
		uses->count++;
	return expression_tree_walker(node, count_uses, context);
}

static int
uses_of(const ValuesScan *scan, AttrNumber column)
{
	Uses uses = {scan->scan.scanrelid, column, 0};

	(void) count_uses((Node *) scan->scan.plan.targetlist, &uses);
	(void) count_uses((Node *) scan->scan.plan.qual, &uses);
	return uses.count;
}

static void
rewrite_column(EvcSurgery *surgery, ValuesScan *scan, int column, FuncExpr *model)
{
	AttrNumber added = list_length(linitial(scan->values_lists)) + 1;
	Substitution substitution = {
		.relation = scan->scan.scanrelid,
		.column = column + 1,
		.call = call_of_column(model, scan->scan.scanrelid, added),
	};

	split_column(scan->values_lists, column, model);
	name_column(rt_fetch(scan->scan.scanrelid, surgery->stmt->rtable), added);
	scan->scan.plan.targetlist =
		(List *) substitute((Node *) scan->scan.plan.targetlist, &substitution);
}

void
evc_rewrite_values(EvcSurgery *surgery, ValuesScan *scan)
{
	int columns = list_length(linitial(scan->values_lists));

	/* A filter is evaluated before the target list, and may need the values. */
	if (scan->scan.plan.qual != NIL || uses_of(scan, 0) > 0)
		return;
	for (int column = 0; column < columns; column++)
	{
		FuncExpr *model = model_of_column(surgery, scan->values_lists, column);

		/* A value that is read twice was computed once. */
		if (model != NULL && uses_of(scan, column + 1) == 1)
			rewrite_column(surgery, scan, column, model);
	}
}
