/*
 * copy/defaults.c
 *	  Defaults of columns that core does not evaluate for us.
 *
 * The default of a column that is encrypted is ciphertext, where the parser thinks
 * that the column holds plaintext; so it is told only that there is one, and the
 * field is filled when the row is inserted.
 */
#include "postgres.h"

#include "copy/defaults.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/rel.h"

#include "compat_copy.h"

/* NULL if the column has no default.  "outer" evaluates it; NULL: somebody else. */
static ExprState *
default_of(CopyFromState outer, Relation rel, AttrNumber number)
{
	Expr *expression;

	if (TupleDescAttr(RelationGetDescr(rel), number - 1)->attgenerated)
		return NULL;
	expression = (Expr *) build_column_default(rel, number);
	if (expression == NULL)
		return NULL;
	expression = expression_planner(expression);
	/*
	 * If it is evaluated when the row is inserted, that row is inserted by itself, since
	 * the expression may read the table.
	 */
	if (outer != NULL && contain_volatile_functions_not_nextval((Node *) expression))
		outer->volatile_defexprs = true;
	return ExecInitExpr(expression, NULL);
}

void
evc_defaults_add(CopyFromState outer, Relation rel, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		AttrNumber number = lfirst_int(cell);
		ExprState *state = default_of(outer, rel, number);

		if (state == NULL)
			continue;
		evc_copy_put_default(outer, outer->num_defaults, number - 1, state);
		outer->num_defaults++;
	}
}

ExprState **
evc_defaults_of_fields(EvcLoad *load, Relation rel)
{
	ExprState **states = palloc0(load->shape.n_fields * sizeof(ExprState *));
	ExprState *nothing = ExecInitExpr((Expr *) makeBoolConst(false, true), NULL);

	bool marked = evc_copy_has_marker(load->inner);

	for (int i = 0; i < load->shape.n_fields; i++)
	{
		AttrNumber number = load->shape.fields[i].number;

		if (i < load->n_input && !marked)
			continue;
		states[i] =
			default_of(evc_load_settles(load, i) ? NULL : load->outer, rel, number);
		if (i < load->n_input)
			evc_copy_set_default(load->inner, number - 1,
								 states[i] != NULL ? nothing : NULL);
	}
	return states;
}
