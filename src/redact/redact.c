/*
 * redact/redact.c
 *	  The hooks that see a statement: parsed, planned, started, run.
 *
 * A statement is judged once, when it is parsed.  Its plan may outlive that, so it
 * is marked as well, and the mark is what later executions go by.
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "executor/executor.h"
#include "optimizer/planner.h"
#include "parser/analyze.h"
#include "tcop/utility.h"

#include "batch/markers.h"
#include "compat.h"
#include "guc.h"
#include "redact/lexer.h"
#include "redact/log.h"
#include "redact/match.h"
#include "redact/redact.h"
#include "redact/statement.h"

/*
 * A plan is marked by an item in the list of what would invalidate it.  No cache has
 * this number, so nothing ever does.
 */
#define MARK_CACHE_ID (-77)

static post_parse_analyze_hook_type prev_post_parse_analyze_hook;
static planner_hook_type prev_planner_hook;
static ExecutorStart_hook_type prev_executor_start_hook;
static ExecutorRun_hook_type prev_executor_run_hook;
static ProcessUtility_hook_type prev_process_utility_hook;

/* --- marks of plans --------------------------------------------------------- */

static void
mark_plan(PlannedStmt *plan)
{
	PlanInvalItem *item = makeNode(PlanInvalItem);

	item->cacheId = MARK_CACHE_ID;
	item->hashValue = 0;
	plan->invalItems = lappend(plan->invalItems, item);
}

static bool
is_marked_plan(const PlannedStmt *plan)
{
	ListCell *cell;

	foreach (cell, plan->invalItems)
		if (lfirst_node(PlanInvalItem, cell)->cacheId == MARK_CACHE_ID)
			return true;
	return false;
}

/* --- parsed ----------------------------------------------------------------- */

static char *
own_text(const Query *query, const char *source)
{
	int len = query->stmt_len > 0 ? query->stmt_len : strlen(source);

	return pnstrdup(source + Max(query->stmt_location, 0), len);
}

/* Is there more in the message than this one statement? */
static bool
has_company(const Query *query, const char *source)
{
	const char *rest = source + Max(query->stmt_location, 0) + query->stmt_len;
	EvcToken token;

	if (query->stmt_location > 0)
		return true;
	if (query->stmt_len == 0)
		return false;
	do
		token = evc_next_token(&rest);
	while (evc_token_is_sign(&token, ';'));
	return token.kind != EVC_TOKEN_END;
}

/* Options of COPY that encrypt and decrypt. */
static bool
copy_calls(const CopyStmt *copy)
{
	ListCell *cell;

	foreach (cell, copy->options)
	{
		const char *name = lfirst_node(DefElem, cell)->defname;

		if (strcmp(name, "encrypt") == 0 || strcmp(name, "decrypt") == 0)
			return true;
	}
	return false;
}

/* Nothing but a setting's value can be told by it, nor is anything run. */
static bool
is_about_session(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_ClosePortalStmt:
		case T_DeallocateStmt:
		case T_DiscardStmt:
		case T_FetchStmt:
		case T_ListenStmt:
		case T_LockStmt:
		case T_UnlistenStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
			return true;
		default:
			return false;
	}
}

static bool
sets_credential(const Node *statement)
{
	return IsA(statement, VariableSetStmt) &&
		   ((const VariableSetStmt *) statement)->name != NULL &&
		   evc_is_credential(((const VariableSetStmt *) statement)->name);
}

static bool
own_text_calls(const Query *query, const char *source)
{
	char *text = own_text(query, source);
	bool calls =
		is_about_session(query->utilityStmt)
			? sets_credential(query->utilityStmt) || evc_text_has_credential(text)
			: evc_text_calls(text);

	pfree(text);
	return calls;
}

/*
 * Most utility statements are parsed when they are run, if at all; BEGIN and its
 * like never have a name.
 */
static bool
utility_calls(const Query *query, const char *source)
{
	Node *statement = query->utilityStmt;

	switch (nodeTag(statement))
	{
		case T_ExplainStmt:
			if (castNode(Query, ((ExplainStmt *) statement)->query)->utilityStmt == NULL)
				return false;
			break;
		case T_TransactionStmt:
		case T_DeclareCursorStmt:
		case T_CallStmt:
			return false;
		case T_CopyStmt:
			if (copy_calls((CopyStmt *) statement))
				return true;
			break;
		default:
			break;
	}
	return own_text_calls(query, source);
}

static bool
statement_calls(Query *query, const char *source, bool *is_final)
{
	return evc_parsed_query_calls(query, is_final) ||
		   (query->utilityStmt != NULL && utility_calls(query, source));
}

/* The rest of the client's message is logged with this statement. */
static bool
company_calls(const Query *query, const char *source)
{
	return evc_is_clients_text(source) && !evc_statement_is_judged() &&
		   has_company(query, source) && evc_text_calls(source);
}

static bool
says_credential(const Query *query, const char *source)
{
	return query->utilityStmt == NULL && evc_is_clients_text(source) &&
		   evc_text_has_credential(source);
}

/*
 * pg_stat_statements takes no notice of a statement without an identifier.  One
 * whose text has placeholders only may keep it.
 */
static void
hide_parsed(Query *query, const char *source)
{
	evc_statement_mark();
	if (query->utilityStmt != NULL || evc_text_values(source) == EVC_VALUES_LITERALS)
		query->queryId = 0;
	evc_statement_hide_activity();
}

static void
judge_parsed(Query *query, const char *source)
{
	bool is_final;

	if (statement_calls(query, source, &is_final) || company_calls(query, source) ||
		says_credential(query, source))
		hide_parsed(query, source);
	if (evc_is_clients_text(source))
		evc_statement_parsed(is_final);
}

static void
after_parse(ParseState *state, Query *query, JumbleState *jumble)
{
	if (evc_redact != EVC_REDACT_OFF && state->p_sourcetext != NULL)
		judge_parsed(query, state->p_sourcetext);
	if (prev_post_parse_analyze_hook != NULL)
		prev_post_parse_analyze_hook(state, query, jumble);
}

/* --- planned ---------------------------------------------------------------- */

/* Rewriting may have brought in views, rules and policies. */
static bool
rewritten_calls(Query *query, const char *source)
{
	return !(evc_is_clients_text(source) && evc_statement_is_final()) &&
		   evc_query_calls((Node *) query);
}

static PlannedStmt *
plan_calling(Query *query, const char *source, int cursor_options, ParamListInfo params)
{
	PlannedStmt *result;

	evc_statement_mark();
	evc_statement_hide_activity();
	result = prev_planner_hook(query, source, cursor_options, params);
	mark_plan(result);
	return result;
}

/* The hook behind this one is plan/hook.c's. */
static PlannedStmt *
plan_marked(Query *query, const char *source, int cursor_options, ParamListInfo params)
{
	if (evc_redact != EVC_REDACT_OFF)
	{
		if (rewritten_calls(query, source))
			return plan_calling(query, source, cursor_options, params);
		evc_markers_found_none();
	}
	return prev_planner_hook(query, source, cursor_options, params);
}

/* --- run -------------------------------------------------------------------- */

static bool
has_parameters(const QueryDesc *query)
{
	return query->params != NULL && query->params->numParams > 0;
}

/*
 * The text is also what parallel workers, auto_explain, pg_stat_statements and the
 * like are given.  The plan may belong to a cache, and says where in the text the
 * statement is.
 */
static void
replace_text(QueryDesc *query, const char *text)
{
	PlannedStmt *plan = palloc(sizeof(PlannedStmt));

	memcpy(plan, query->plannedstmt, sizeof(PlannedStmt));
	plan->stmt_location = -1;
	plan->stmt_len = 0;
	query->plannedstmt = plan;
	query->sourceText = text;
}

/* Of a text with placeholders only the parameters are hidden: plans show them. */
static void
hide_started(QueryDesc *query)
{
	EvcValues values = evc_text_values(query->sourceText);

	evc_statement_mark();
	evc_statement_hide_activity();
	if (values == EVC_VALUES_LITERALS)
		replace_text(query, EVC_HIDDEN);
	else if (values == EVC_VALUES_PARAMETERS || has_parameters(query))
		replace_text(query,
					 psprintf("%s /* parameters: " EVC_HIDDEN " */", query->sourceText));
}

static void
start_executor(QueryDesc *query, int flags)
{
	if (evc_redact != EVC_REDACT_OFF)
	{
		bool is_clients = evc_is_clients_text(query->sourceText);

		evc_statement_begin();
		if (is_marked_plan(query->plannedstmt))
			hide_started(query);
		if (is_clients)
			evc_statement_judged();
	}
	if (prev_executor_start_hook != NULL)
		prev_executor_start_hook(query, flags);
	else
		standard_ExecutorStart(query, flags);
}

/* Started by another message, perhaps: a portal is run in pieces. */
static void
run_executor(EVC_EXECUTOR_RUN_PARAMETERS)
{
	if (evc_redact != EVC_REDACT_OFF)
	{
		evc_statement_begin();
		if (is_marked_plan(query->plannedstmt))
		{
			evc_statement_mark();
			evc_statement_hide_activity();
		}
	}
	if (prev_executor_run_hook != NULL)
		prev_executor_run_hook(EVC_EXECUTOR_RUN_ARGUMENTS);
	else
		standard_ExecutorRun(EVC_EXECUTOR_RUN_ARGUMENTS);
}

/* Prepared by another message, perhaps, so it is judged again. */
static bool
running_utility_calls(PlannedStmt *statement, const char *source)
{
	Query query = {.type = T_Query, .commandType = CMD_UTILITY};
	bool is_final;

	if (evc_is_clients_text(source) && evc_statement_is_judged())
		return false;
	query.utilityStmt = statement->utilityStmt;
	query.stmt_location = statement->stmt_location;
	query.stmt_len = statement->stmt_len;
	return statement_calls(&query, source, &is_final);
}

/* Constraints that were put off speak of the rows of earlier statements. */
static bool
checks_rows(const PlannedStmt *statement)
{
	return (IsA(statement->utilityStmt, TransactionStmt) ||
			IsA(statement->utilityStmt, ConstraintsSetStmt)) &&
		   evc_transaction_is_marked();
}

static void
run_utility(PlannedStmt *statement, const char *source, bool read_only,
			ProcessUtilityContext context, ParamListInfo params,
			QueryEnvironment *environment, DestReceiver *receiver,
			QueryCompletion *completion)
{
	ProcessUtility_hook_type run = prev_process_utility_hook != NULL
									   ? prev_process_utility_hook
									   : standard_ProcessUtility;

	if (evc_redact != EVC_REDACT_OFF)
	{
		evc_statement_begin();
		if (running_utility_calls(statement, source) || checks_rows(statement))
		{
			evc_statement_mark();
			evc_statement_hide_activity();
		}
	}
	run(statement, source, read_only, context, params, environment, receiver, completion);
}

void
evc_redact_init(void)
{
	evc_verdict_init();
	evc_statement_init();
	evc_log_init();
	prev_post_parse_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = after_parse;
	prev_planner_hook = planner_hook;
	planner_hook = plan_marked;
	prev_executor_start_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
	prev_executor_run_hook = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
	prev_process_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = run_utility;
}
