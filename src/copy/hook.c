/*
 * copy/hook.c
 *	  The utility hook: whose COPY is it?
 *
 * A COPY without our options passes untouched.  One that loads is executed here,
 * and hooks that were there before ours do not see it; one that unloads becomes
 * the COPY of a query and goes on.
 */
#include "postgres.h"

#include "parser/parse_node.h"
#include "tcop/utility.h"

#include "copy/hook.h"
#include "copy/load.h"
#include "copy/options.h"
#include "copy/receiver.h"
#include "copy/unload.h"

static ProcessUtility_hook_type prev_process_utility_hook;

static void
process_next(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *dest,
			 QueryCompletion *completion)
{
	if (prev_process_utility_hook != NULL)
		prev_process_utility_hook(pstmt, query_string, read_only_tree, context, params,
								  environment, dest, completion);
	else
		standard_ProcessUtility(pstmt, query_string, read_only_tree, context, params,
								environment, dest, completion);
}

static ParseState *
parse_state(const char *query_string, QueryEnvironment *environment)
{
	ParseState *pstate = make_parsestate(NULL);

	pstate->p_sourcetext = query_string;
	pstate->p_queryEnv = environment;
	return pstate;
}

static void
process_unload(ParseState *pstate, PlannedStmt *pstmt, const DefElem *option,
			   ProcessUtilityContext context, ParamListInfo params, DestReceiver *dest,
			   QueryCompletion *completion)
{
	EvcUnloading unloading;

	evc_copy_unload_begin(pstate, castNode(CopyStmt, pstmt->utilityStmt), option,
						  &unloading);
	PG_TRY();
	{
		process_next(pstmt, pstate->p_sourcetext, false, context, params,
					 pstate->p_queryEnv, dest, completion);
	}
	PG_CATCH();
	{
		evc_copy_unload_fail(&unloading);
		PG_RE_THROW();
	}
	PG_END_TRY();
	evc_copy_unload_end(&unloading);
}

static void
process_copy(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *dest,
			 QueryCompletion *completion)
{
	ParseState *pstate;
	CopyStmt *stmt;
	DefElem *columns;

	if (!IsA(pstmt->utilityStmt, CopyStmt) ||
		!evc_copy_options_ours(((CopyStmt *) pstmt->utilityStmt)->options))
	{
		process_next(pstmt, query_string, read_only_tree, context, params, environment,
					 dest, completion);
		return;
	}
	pstate = parse_state(query_string, environment);
	/* The tree may belong to a cache. */
	pstmt = copyObject(pstmt);
	stmt = castNode(CopyStmt, pstmt->utilityStmt);
	columns = evc_copy_options_take(pstate, stmt);
	if (stmt->is_from)
		evc_copy_load(pstate, stmt, columns, completion);
	else
		process_unload(pstate, pstmt, columns, context, params, dest, completion);
	free_parsestate(pstate);
}

void
evc_copy_init(void)
{
	evc_receiver_init();
	prev_process_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_copy;
}
