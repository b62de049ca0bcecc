/*
 * plan/keys.c
 *	  What a Sort sorts by, as the node below it computes it.
 */
#include "postgres.h"

#include "optimizer/optimizer.h"

#include "plan/keys.h"

/* Vars are passed on anyway; a constant may be an argument that must stay one. */
static bool
is_computed(Expr *expression)
{
	return !IsA(expression, Var) && !IsA(expression, Const) && !IsA(expression, Param);
}

/* The target list without what is sorted by. */
static List *
other_columns(List *target, List *keys)
{
	List *others = NIL;
	ListCell *cell;

	foreach (cell, target)
	{
		Expr *expression = lfirst_node(TargetEntry, cell)->expr;

		if (!list_member_ptr(keys, expression))
			others = lappend(others, expression);
	}
	return others;
}

List *
evc_sort_keys(const Plan *parent, List *target)
{
	const Sort *sort = (const Sort *) parent;
	List *keys = NIL;

	if (parent == NULL || (!IsA(parent, Sort) && !IsA(parent, IncrementalSort)))
		return NIL;
	for (int i = 0; i < sort->numCols; i++)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, target, sort->sortColIdx[i] - 1);

		if (is_computed(entry->expr))
			keys = list_append_unique_ptr(keys, entry->expr);
	}
	/* What is VOLATILE keeps the node below the Sort, and is computed beside the keys. */
	if (contain_volatile_functions((Node *) other_columns(target, keys)))
		return NIL;
	return keys;
}
