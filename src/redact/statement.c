/*
 * redact/statement.c
 *	  The state of one message of the client's, forgotten when it ends.
 *
 * A message ends when PostgreSQL empties MessageContext for the next one, which is
 * after the error of the last one has been logged.  A process without a client has
 * no such context: there the transaction is what ends.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"

#include "client/report.h"
#include "guc.h"
#include "redact/lexer.h"
#include "redact/match.h"
#include "redact/statement.h"

EvcMessage evc_message;
static bool marked_in_transaction;

static void
forget(void *unused)
{
	marked_in_transaction = evc_transaction_is_marked() && IsTransactionState();
	memset(&evc_message, 0, sizeof(evc_message));
	evc_involved = false;
}

/* What pg_stat_activity shows; NULL if nothing. */
static const char *
shown_activity(void)
{
	if (MyBEEntry == NULL || MyBEEntry->st_state == STATE_UNDEFINED ||
		MyBEEntry->st_state == STATE_DISABLED)
		return NULL;
	return MyBEEntry->st_activity_raw;
}

static void
replace_activity(void)
{
	if (shown_activity() != NULL)
		pgstat_report_activity(MyBEEntry->st_state, EVC_HIDDEN);
}

/* An error that the log is not told of comes to no other hook. */
static void
hide_failed(void)
{
	const char *text = shown_activity();

	if (evc_redact == EVC_REDACT_OFF || evc_message.out_of_activity ||
		!evc_hides_text(text))
		return;
	if (evc_statement_is_marked() ||
		(!evc_message.judged &&
		 (evc_redact == EVC_REDACT_STRICT || evc_text_mentions(text))))
		replace_activity();
}

static void
on_transaction(XactEvent event, void *unused)
{
	if (event == XACT_EVENT_ABORT)
		hide_failed();
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
		marked_in_transaction = false;
}

void
evc_statement_init(void)
{
	RegisterXactCallback(on_transaction, NULL);
}

void
evc_statement_notice_end(void)
{
	static MemoryContextCallback at_end = {.func = forget};
	MemoryContext context =
		MessageContext != NULL ? MessageContext : TopTransactionContext;

	if (context == NULL)
		return;
	evc_message.begun = true;
	MemoryContextRegisterResetCallback(context, &at_end);
}

void
evc_statement_mark(void)
{
	evc_statement_begin();
	evc_message.marked = evc_message.begun;
}

void
evc_statement_parsed(bool is_final)
{
	evc_statement_judged();
	evc_message.open |= !is_final;
	evc_message.final = evc_message.begun && !evc_message.open;
}

bool
evc_statement_is_marked(void)
{
	return evc_message.marked || evc_involved;
}

bool
evc_transaction_is_marked(void)
{
	return marked_in_transaction || evc_statement_is_marked();
}

/* A text without a value says nothing, and is of use. */
bool
evc_hides_text(const char *text)
{
	return text != NULL &&
		   (evc_redact == EVC_REDACT_STRICT || evc_text_values(text) != EVC_VALUES_NONE);
}

void
evc_statement_hide_activity(void)
{
	if (evc_message.out_of_activity || !evc_hides_text(debug_query_string))
		return;
	evc_message.out_of_activity = evc_message.begun;
	replace_activity();
}

bool
evc_statement_is_out_of_activity(void)
{
	return evc_message.out_of_activity || !evc_hides_text(debug_query_string);
}
