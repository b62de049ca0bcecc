/*
 * redact/query.c
 *	  Does a parsed query call one of our functions?
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"

#include "redact/match.h"

static bool
function_calls(Oid function, void *context)
{
	return evc_object_calls(EVC_OBJECT_FUNCTION, function);
}

static bool
reads(const RangeTblEntry *entry)
{
	return entry->rtekind == RTE_RELATION &&
		   evc_object_calls(EVC_OBJECT_READ, entry->relid);
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

static bool
walk(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
		return reads((RangeTblEntry *) node);
	if (IsA(node, Query))
	{
		Query *query = (Query *) node;

		if (query->utilityStmt != NULL)
			return walk(parsed_part(query->utilityStmt), context);
		return writes(query) ||
			   query_tree_walker(query, walk, context, QTW_EXAMINE_RTES_BEFORE);
	}
	if (IsA(node, CoerceToDomain) &&
		evc_object_calls(EVC_OBJECT_DOMAIN, ((CoerceToDomain *) node)->resulttype))
		return true;
	return check_functions_in_node(node, function_calls, context) ||
		   expression_tree_walker(node, walk, context);
}

bool
evc_query_calls(Node *query)
{
	return walk(query, NULL);
}
