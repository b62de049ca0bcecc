/*
 * redact/log.c
 *	  What the server's log is told of a marked message: neither text nor
 *	  parameters, nor what PostgreSQL says of rows and of statements within.
 *
 * PostgreSQL offers this hook for leaving messages out.  It is used to change them,
 * in fields of which each belongs to the log alone (detail_log, hide_stmt, hide_ctx)
 * or to a message that only the log gets.  Where the client sees a change as well,
 * a comment says so.
 *
 * Messages may come from anywhere, so the catalogs are asked only for those that
 * are known to come from between two steps of a statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "guc.h"
#include "redact/lexer.h"
#include "redact/log.h"
#include "redact/match.h"
#include "redact/statement.h"

static emit_log_hook_type prev_emit_log_hook;

static bool
comes_from(const ErrorData *edata, const char *file, const char *function, size_t len)
{
	return edata->filename != NULL && edata->funcname != NULL &&
		   strcmp(edata->filename, file) == 0 &&
		   strncmp(edata->funcname, function, len) == 0;
}

/* Of those that log a statement before anything of ours has seen it. */
static bool
may_ask_catalogs(const ErrorData *edata)
{
	return edata->elevel < ERROR && IsTransactionState() &&
		   (comes_from(edata, "postgres.c", "exec_", 5) ||
			comes_from(edata, "print.c", "elog_node_display", 17));
}

/* An error here takes the statement along: its message must not come out unjudged. */
static bool
text_calls(const char *text)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "evcrypt redaction",
							  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool calls;

	HOLD_INTERRUPTS();
	calls = evc_text_calls(text);
	RESUME_INTERRUPTS();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return calls;
}

/* Decides for messages that come before the hooks of a statement. */
static void
judge(const ErrorData *edata, const char *text)
{
	if (may_ask_catalogs(edata))
	{
		if (text_calls(text))
			evc_statement_mark();
	}
	else if (evc_redact == EVC_REDACT_STRICT || evc_text_mentions(text))
		evc_statement_mark();
}

/* Not the client's statement, but one that this hook has hidden before. */
static bool
speaks_of_hidden(const ErrorData *edata)
{
	return edata->message != NULL && (strstr(edata->message, EVC_HIDDEN) != NULL ||
									  evc_text_has_credential(edata->message));
}

/* A message without a statement may be the end of a transaction. */
static bool
is_marked(const ErrorData *edata)
{
	const char *text = debug_query_string;

	if (text == NULL)
		return evc_transaction_is_marked() || speaks_of_hidden(edata);
	if (!evc_statement_is_marked() && !evc_statement_is_judged())
		judge(edata, text);
	return evc_statement_is_marked() || speaks_of_hidden(edata) ||
		   (edata->detail != NULL && evc_text_has_credential(edata->detail));
}

/* --- what is hidden --------------------------------------------------------- */

/* The fields of a message are freed one by one. */
static char *
field(const ErrorData *edata, const char *text)
{
	return MemoryContextStrdup(edata->assoc_context, text);
}

static char *
with_hidden_tail(const ErrorData *edata, size_t len)
{
	char *message = MemoryContextAlloc(edata->assoc_context, len + sizeof(EVC_HIDDEN));

	memcpy(message, edata->message, len);
	memcpy(message + len, EVC_HIDDEN, sizeof(EVC_HIDDEN));
	return message;
}

/* From the statement's text on, wherever the message has it. */
static void
cut_text(ErrorData *edata, const char *text)
{
	const char *at = *text != '\0' ? strstr(edata->message, text) : NULL;

	if (at != NULL)
		edata->message = with_hidden_tail(edata, at - edata->message);
}

/*
 * auto_explain's plans have the values of the query.  Those of a query inside a
 * function are told by its text, which was hidden when it was started, and those of
 * a view by their quotes.
 */
static void
cut_plan(ErrorData *edata, const char *text)
{
	char *plan = strstr(edata->message, "plan:\n");
	bool json;

	if (plan == NULL || (strstr(plan, EVC_HIDDEN) == NULL && strchr(plan, '\'') == NULL &&
						 !evc_hides_text(text)))
		return;
	plan += strlen("plan:\n");
	json = *plan == '{';
	*plan = '\0';
	edata->message =
		psprintf(json ? "%s{\n  \"Query Text\": \"%s\"\n}" : "%sQuery Text: %s",
				 edata->message, EVC_HIDDEN);
}

/* pgaudit quotes the statement: its first five fields cannot have a value. */
static void
cut_audit(ErrorData *edata)
{
	const char *at = edata->message;

	if (strncmp(at, "AUDIT: ", 7) != 0)
		return;
	for (int i = 0; i < 5 && at != NULL; i++)
		at = strchr(at + 1, ',');
	if (at != NULL)
		edata->message = with_hidden_tail(edata, at + 1 - edata->message);
}

/* COPY's, and ours of it (copy/options.c), name options and columns. */
static bool
is_about_options(const ErrorData *edata)
{
	return comes_from(edata, "copy.c", "ProcessCopyOptions", 18) ||
		   comes_from(edata, "options.c", "", 0);
}

/* "At or near" quotes the text; the client, who has it, still gets the position. */
static void
cut_syntax_error(ErrorData *edata)
{
	if (edata->elevel >= ERROR && edata->sqlerrcode == ERRCODE_SYNTAX_ERROR &&
		!is_about_options(edata))
		edata->message =
			field(edata, "syntax error in a statement that evcrypt.redact hides");
}

/*
 * Errors of ours and of connections never have data in their details, and who waits
 * for a lock is told by process.  A deadlock's are from pg_stat_activity.
 */
static bool
has_safe_detail(const ErrorData *edata)
{
	int class = ERRCODE_TO_CATEGORY(edata->sqlerrcode);

	if (edata->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED)
		return evc_statement_is_out_of_activity();
	if (comes_from(edata, "proc.c", "ProcSleep", 9))
		return true;
	return edata->elevel >= ERROR && (class == MAKE_SQLSTATE('E', 'V', '0', '0', '0') ||
									  class == ERRCODE_CONNECTION_EXCEPTION);
}

static void
hide_details(ErrorData *edata)
{
	if ((edata->detail != NULL || edata->detail_log != NULL) && !has_safe_detail(edata))
		edata->detail_log = field(edata, EVC_HIDDEN);
	edata->hide_ctx = true;
	/* The client loses this one too: it is a statement inside a function. */
	edata->internalquery = NULL;
	edata->internalpos = 0;
}

/*
 * After an error the text is of no more use to anybody, but pg_stat_activity would
 * show it for as long as the session idles.
 */
static void
hide_text(ErrorData *edata, const char *text)
{
	cut_text(edata, text);
	cut_syntax_error(edata);
	if (edata->elevel >= ERROR)
	{
		evc_statement_hide_activity();
		debug_query_string = EVC_HIDDEN;
	}
	else
		edata->hide_stmt = true;
}

static void
redact(ErrorData *edata)
{
	const char *text = debug_query_string;

	if (!is_marked(edata))
		return;
	hide_details(edata);
	if (edata->message == NULL)
		return;
	cut_plan(edata, text);
	cut_audit(edata);
	if (evc_hides_text(text))
		hide_text(edata, text);
}

/* What is logged on the way is not about the statement's text. */
static void
redact_once(ErrorData *edata)
{
	static bool busy;

	if (busy || evc_redact == EVC_REDACT_OFF)
		return;
	busy = true;
	PG_TRY();
	{
		redact(edata);
	}
	PG_FINALLY();
	{
		busy = false;
	}
	PG_END_TRY();
}

static void
before_log(ErrorData *edata)
{
	redact_once(edata);
	if (prev_emit_log_hook != NULL)
		prev_emit_log_hook(edata);
}

void
evc_log_init(void)
{
	prev_emit_log_hook = emit_log_hook;
	emit_log_hook = before_log;
}
