/*
 * redact/query.c
 *	  Does a parsed query call one of our functions?
 *
 * Every statement of every session is walked, so the nodes that most of them
 * consist of are taken here, and not by PostgreSQL's walker, which takes any.
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"

#include "redact/match.h"

/* What is learnt on the way. */
typedef struct Walk
{
	bool is_final; /* so far, nothing that PostgreSQL rewrites before it plans */
} Walk;

static bool walk(Node *node, void *context);

/* Most are PostgreSQL's own. */
static inline bool
function_calls(Oid function, void *context)
{
	return function >= FirstGenbkiObjectId &&
		   evc_object_calls(EVC_OBJECT_FUNCTION, function);
}

static bool
reads(const RangeTblEntry *entry, Walk *state)
{
	if (entry->rtekind != RTE_RELATION || !evc_is_rewritten(entry->relid))
		return false;
	state->is_final = false;
	return evc_object_calls(EVC_OBJECT_READ, entry->relid);
}

static bool
writes(const Query *query)
{
	return query->resultRelation > 0 &&
		   evc_object_calls(EVC_OBJECT_WRITE,
							rt_fetch(query->resultRelation, query->rtable)->relid);
}

/* What parse analysis has made of the parts of a utility statement. */
static Node *
parsed_part(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_ExplainStmt:
			return ((ExplainStmt *) statement)->query;
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) statement)->query;
		case T_DeclareCursorStmt:
			return ((DeclareCursorStmt *) statement)->query;
		case T_CallStmt:
			return (Node *) ((CallStmt *) statement)->funcexpr;
		default:
			return NULL;
	}
}

/* What holds no other node, nor a function. */
static inline bool
is_leaf(const Node *node)
{
	return IsA(node, Var) || IsA(node, Const) || IsA(node, RangeTblRef) ||
		   IsA(node, Param);
}

static inline bool
walk_if_any(Node *node, void *context)
{
	return node != NULL && !is_leaf(node) && walk(node, context);
}

static inline bool
walk_list(const List *list, void *context)
{
	ListCell *cell;

	foreach (cell, list)
		if (walk_if_any(lfirst(cell), context))
			return true;
	return false;
}

static bool
walk_entry(RangeTblEntry *entry, Walk *state)
{
	if (entry->rtekind == RTE_RELATION && entry->tablesample == NULL &&
		entry->securityQuals == NIL)
		return reads(entry, state);
	return range_table_entry_walker(entry, walk, state, QTW_EXAMINE_RTES_BEFORE);
}

/* Has it no more parts than walk_parts takes? */
static bool
is_simple(const Query *query)
{
	return query->commandType != CMD_MERGE && query->cteList == NIL &&
		   query->windowClause == NIL && query->setOperations == NULL &&
		   query->onConflict == NULL && query->withCheckOptions == NIL;
}

static bool
walk_parts(const Query *query, Walk *state)
{
	ListCell *cell;

	foreach (cell, query->rtable)
		if (walk_entry(lfirst(cell), state))
			return true;
	return walk_list(query->targetList, state) ||
		   walk_list(query->jointree->fromlist, state) ||
		   walk_if_any(query->jointree->quals, state) ||
		   walk_list(query->returningList, state) ||
		   walk_if_any(query->havingQual, state) ||
		   walk_if_any(query->limitOffset, state) ||
		   walk_if_any(query->limitCount, state);
}

static pg_noinline bool
walk_query(Query *query, Walk *state)
{
	check_stack_depth();
	if (query->utilityStmt != NULL)
	{
		state->is_final &= IsA(query->utilityStmt, TransactionStmt);
		return walk(parsed_part(query->utilityStmt), state);
	}
	state->is_final &= query->commandType == CMD_SELECT;
	if (writes(query))
		return true;
	if (is_simple(query))
		return walk_parts(query, state);
	return query_tree_walker(query, walk, state, QTW_EXAMINE_RTES_BEFORE);
}

/* One that has no function in the tree gets it here, as PostgreSQL does it. */
static pg_noinline bool
walk_operator(OpExpr *call, void *context)
{
	check_stack_depth();
	if (!OidIsValid(call->opfuncid))
		set_opfuncid(call);
	return function_calls(call->opfuncid, context) || walk_list(call->args, context);
}

static pg_noinline bool
walk_any(Node *node, void *context)
{
	if (IsA(node, CoerceToDomain) &&
		evc_object_calls(EVC_OBJECT_DOMAIN, ((CoerceToDomain *) node)->resulttype))
		return true;
	return check_functions_in_node(node, function_calls, context) ||
		   expression_tree_walker(node, walk, context);
}

static bool
walk(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
			return walk_list((List *) node, context);
		case T_OpExpr:
			return walk_operator((OpExpr *) node, context);
		case T_Query:
			return walk_query((Query *) node, context);
		case T_RangeTblEntry:
			return reads((RangeTblEntry *) node, context);
		case T_TargetEntry:
			return walk_if_any((Node *) ((TargetEntry *) node)->expr, context);
		default:
			return walk_any(node, context);
	}
}

bool
evc_query_calls(Node *query)
{
	Walk state = {.is_final = true};

	return walk(query, &state);
}

bool
evc_parsed_query_calls(Query *query, bool *is_final)
{
	Walk state = {.is_final = true};
	bool calls = walk_query(query, &state);

	*is_final = state.is_final && !calls;
	return calls;
}
