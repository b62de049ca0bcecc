/*
 * plan/values.c
 *	  Calls in the rows of a VALUES list become calls in its target list.
 *
 *	  Values Scan  [c1]                      Values Scan  [f(c2)]
 *	    (f('a')), (f('b')), (NULL)    =>       (NULL, 'a'), (NULL, 'b'), (NULL, NULL)
 *
 * A context becomes a column like the value.
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

/* Arguments that differ at most in their value? */
static bool
are_alike(Node *argument, Node *model)
{
	return exprType(argument) == exprType(model) &&
		   exprCollation(argument) == exprCollation(model);
}

/* The same but for the arguments' values? */
static bool
is_like(const FuncExpr *call, const FuncExpr *model)
{
	ListCell *argument;
	ListCell *other;

	if (call->funcid != model->funcid || call->funcresulttype != model->funcresulttype)
		return false;
	forboth (argument, call->args, other, model->args)
		if (!are_alike(lfirst(argument), lfirst(other)))
			return false;
	return true;
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

/* The argument of a call, or NULL in the place of one. */
static Node *
argument_of(Node *value, const FuncExpr *model, int argument)
{
	return is_null(value) ? (Node *) null_like(list_nth(model->args, argument))
						  : list_nth(((FuncExpr *) value)->args, argument);
}

/* Copies an argument of a column's calls into a column of its own, at the end. */
static void
copy_argument(List *rows, int column, const FuncExpr *model, int argument)
{
	ListCell *cell;

	foreach (cell, rows)
	{
		List *row = lfirst(cell);

		lfirst(cell) = lappend(row, argument_of(list_nth(row, column), model, argument));
	}
}

static void
drop_calls(List *rows, int column, FuncExpr *model)
{
	ListCell *cell;

	foreach (cell, rows)
		lfirst(list_nth_cell(lfirst(cell), column)) = null_like((Node *) model);
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

/* The call, its arguments now columns of the rows, but for that which is a type. */
static FuncExpr *
split_column(EvcSurgery *surgery, ValuesScan *scan, int column, FuncExpr *model)
{
	RangeTblEntry *entry = rt_fetch(scan->scan.scanrelid, surgery->stmt->rtable);
	int type_at = evc_marker_info(evc_marker_kind(model->funcid))->type_at;
	FuncExpr *call = copyObject(model);
	ListCell *cell;

	foreach (cell, call->args)
	{
		Node *argument = lfirst(cell);
		AttrNumber added = list_length(linitial(scan->values_lists)) + 1;

		if (foreach_current_index(cell) == type_at)
			continue;
		copy_argument(scan->values_lists, column, model, foreach_current_index(cell));
		name_column(entry, added);
		lfirst(cell) = makeVar(scan->scan.scanrelid, added, exprType(argument), -1,
							   exprCollation(argument), 0);
	}
	return call;
}

static void
rewrite_column(EvcSurgery *surgery, ValuesScan *scan, int column, FuncExpr *model)
{
	Substitution substitution = {
		.relation = scan->scan.scanrelid,
		.column = column + 1,
		.call = split_column(surgery, scan, column, model),
	};

	drop_calls(scan->values_lists, column, model);
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
