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
 * A row's keys are looked at whether it finds a partner or not, so the same calls are
 * made as without.  The clauses repeat the keys: those of the outer side as
 * OUTER_VAR, as the keys themselves, those of the inner one as INNER_VAR, where
 * the Hash has them over its own child, again as OUTER_VAR.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "plan/surgery.h"
#include "plan/walk.h"

static Node *
test_not_null(Expr *value)
{
	NullTest *test = makeNode(NullTest);

	test->arg = value;
	test->nulltesttype = IS_NOT_NULL;
	test->argisrow = false;
	test->location = -1;
	return (Node *) test;
}

/*
 * A key of a strict operator that is NULL matches nothing: then the keys after it
 * are not looked at, unless the row is wanted all the same (ExecHashGetHashValue).
 */
static List *
calls_of_keys(const EvcSurgery *surgery, const HashJoin *join, List *keys,
			  bool keep_nulls)
{
	List *conditions = NIL;
	List *found = NIL;
	ListCell *cell;

	foreach (cell, keys)
	{
		Oid operator= list_nth_oid(join->hashoperators, foreach_current_index(cell));

		found = evc_find_calls(surgery, lfirst(cell), list_copy(conditions), found);
		if (!keep_nulls && op_strict(operator))
			conditions = lappend(conditions, test_not_null(lfirst(cell)));
	}
	return found;
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
 * The clauses compare the keys: the outer ones on the left, the inner ones, which are
 * seen from the join now, on the right.  They are not searched for the calls, of which
 * several may be equal and made for different rows.
 */
static void
set_side_of_clauses(HashJoin *join, List *keys, bool inner)
{
	ListCell *clause;
	ListCell *key;

	forboth (clause, join->hashclauses, key, keys)
	{
		ListCell *side = list_nth_cell(lfirst_node(OpExpr, clause)->args, inner ? 1 : 0);

		lfirst(side) =
			inner ? outer_to_inner(lfirst(key), NULL) : copyObject(lfirst(key));
	}
}

static bool
keeps_outer(JoinType type)
{
	return type == JOIN_LEFT || type == JOIN_ANTI || type == JOIN_FULL;
}

static bool
keeps_inner(JoinType type)
{
	return type == JOIN_RIGHT || type == JOIN_FULL
#if PG_VERSION_NUM >= 160000
		   || type == JOIN_RIGHT_ANTI
#endif
		;
}

static bool
insert_outer(EvcSurgery *surgery, HashJoin *join)
{
	EvcDemand demand = {.hint = EVC_HINT_UNKNOWN, .parent = &join->join.plan};
	int first = list_length(outerPlan(join)->targetlist) + 1;
	List *found =
		calls_of_keys(surgery, join, join->hashkeys, keeps_outer(join->join.jointype));

	if (found == NIL || !evc_may_append(outerPlan(join), found))
		return false;
	outerPlan(join) = evc_append_calls(surgery, outerPlan(join), found, &demand);
	join->hashkeys = (List *) evc_replace(join->hashkeys, NIL, found, OUTER_VAR, first);
	set_side_of_clauses(join, join->hashkeys, false);
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
		calls_of_keys(surgery, join, hash->hashkeys, keeps_inner(join->join.jointype));

	if (found == NIL || !evc_may_append(outerPlan(hash), found))
		return false;
	outerPlan(hash) = evc_append_calls(surgery, outerPlan(hash), found, &demand);
	pass_all_on(hash);
	hash->hashkeys = (List *) evc_replace(hash->hashkeys, NIL, found, OUTER_VAR, first);
	set_side_of_clauses(join, hash->hashkeys, true);
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
