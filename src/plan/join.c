/*
 * plan/join.c
 *	  Calls in the keys of a hash join.
 *
 *	      Hash Join  f(o.x) = i.y          Hash Join  o.c2 = i.y
 *	       |        |                       |        |
 *	      O [x]    Hash                    B [x,c2]  Hash         c2 = f(x)
 *	                |              =>       |         |
 *	               I [y]                   O [x]     I [y]
 *
 * The key of a row is hashed whether it finds a partner or not, so the same calls are
 * made as without; but where a key is NULL and the join then drops the row, the keys
 * after it are not looked at.  The clauses repeat the keys: those of the outer side as
 * OUTER_VAR, as the keys themselves, those of the inner one as INNER_VAR, where
 * the Hash has them over its own child, again as OUTER_VAR.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "plan/surgery.h"

/* "key IS NOT NULL", as hashing looks at it: a row of NULLs is not NULL. */
static NullTest *
test_not_null(Expr *key)
{
	NullTest *result = makeNode(NullTest);

	result->arg = key;
	result->nulltesttype = IS_NOT_NULL;
	result->argisrow = false;
	result->location = -1;
	return result;
}

/* Joins that give a row of the outer side also where its keys are NULL. */
static bool
keeps_outer(JoinType type)
{
	return type == JOIN_LEFT || type == JOIN_ANTI || type == JOIN_FULL;
}

/* Only calls made wherever their key is looked at: clauses find them by being equal. */
static List *
calls_of_keys(const HashJoin *join, List *keys, bool keeps_nulls)
{
	List *always = NIL;
	List *conditions = NIL;
	ListCell *key;
	ListCell *operator;

	forboth (key, keys, operator, join->hashoperators)
	{
		ListCell *cell;

		foreach (cell, evc_find_calls(lfirst(key), conditions, NIL))
			if (list_length(((EvcFound *) lfirst(cell))->conditions) ==
				list_length(conditions))
				always = lappend(always, lfirst(cell));
		if (!keeps_nulls && op_strict(lfirst_oid(operator)))
			conditions = lappend(list_copy(conditions), test_not_null(lfirst(key)));
	}
	return always;
}

static Node *
outer_to_inner(Node *node, void *context)
{
	Node *result;

	if (node == NULL)
		return NULL;
	result = expression_tree_mutator(node, outer_to_inner, context);
	if (IsA(result, Var) && ((Var *) result)->varno == OUTER_VAR)
		((Var *) result)->varno = INNER_VAR;
	return result;
}

/*
 * The calls as the clauses have them, where both sides of the join are at hand, and
 * only rows whose keys have all been looked at.
 */
static List *
seen_from_join(List *found, bool inner)
{
	List *seen = NIL;
	ListCell *cell;

	foreach (cell, found)
	{
		EvcFound *entry = palloc0(sizeof(EvcFound));

		entry->call = ((EvcFound *) lfirst(cell))->call;
		if (inner)
			entry->call = (FuncExpr *) outer_to_inner((Node *) entry->call, NULL);
		seen = lappend(seen, entry);
	}
	return seen;
}

static bool
insert_outer(EvcSurgery *surgery, HashJoin *join)
{
	EvcDemand demand = {.hint = EVC_HINT_UNKNOWN, .parent = &join->join.plan};
	int first = list_length(outerPlan(join)->targetlist) + 1;
	List *found = calls_of_keys(join, join->hashkeys, keeps_outer(join->join.jointype));

	if (found == NIL)
		return false;
	outerPlan(join) = evc_append_calls(surgery, outerPlan(join), found, &demand);
	/*
	 * A join fetches an outer row to see whether there is one, before it builds the
	 * hash, if that costs less.  It does not: rows would be read ahead that are not
	 * needed where the inner side is empty.
	 */
	outerPlan(join)->startup_cost =
		Max(outerPlan(join)->startup_cost, innerPlan(join)->total_cost);
	join->hashkeys = (List *) evc_replace(join->hashkeys, NIL, found, OUTER_VAR, first);
	join->hashclauses =
		(List *) evc_replace(join->hashclauses, NIL, seen_from_join(found, false),
							 OUTER_VAR, first);
	return true;
}

/* The Hash passes on all that its child has. */
static void
pass_all_on(Hash *hash)
{
	List *target = outerPlan(hash)->targetlist;

	for (int i = list_length(hash->plan.targetlist); i < list_length(target); i++)
	{
		Var *var =
			makeVarFromTargetEntry(OUTER_VAR, list_nth_node(TargetEntry, target, i));

		hash->plan.targetlist =
			lappend(hash->plan.targetlist,
					makeTargetEntry((Expr *) var, i + 1, NULL, false));
	}
}

static bool
insert_inner(EvcSurgery *surgery, HashJoin *join)
{
	Hash *hash = castNode(Hash, innerPlan(join));
	EvcDemand demand = {.hint = EVC_HINT_DRAIN, .parent = &hash->plan};
	int first = list_length(outerPlan(hash)->targetlist) + 1;
	List *found =
		calls_of_keys(join, hash->hashkeys, evc_keeps_inner(join->join.jointype));

	if (found == NIL)
		return false;
	outerPlan(hash) = evc_append_calls(surgery, outerPlan(hash), found, &demand);
	pass_all_on(hash);
	hash->hashkeys = (List *) evc_replace(hash->hashkeys, NIL, found, OUTER_VAR, first);
	join->hashclauses =
		(List *) evc_replace(join->hashclauses, NIL, seen_from_join(found, true),
							 INNER_VAR, first);
	return true;
}

void
evc_insert_join_keys(EvcSurgery *surgery, Plan *plan)
{
	HashJoin *join = (HashJoin *) plan;

	if (!IsA(plan, HashJoin) || evc_expects_spill(innerPlan(plan)))
		return;
	while (insert_outer(surgery, join))
		;
	while (insert_inner(surgery, join))
		;
}
