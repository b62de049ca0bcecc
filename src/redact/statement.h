/*
 * redact/statement.h
 *	  The statement at hand: what the client's message is about, and whether it is
 *	  to be hidden.
 *
 * "Marked" is the whole message, all its statements and what they run: what is
 * logged of it is the text of all of it.
 */
#ifndef EVC_REDACT_STATEMENT_H
#define EVC_REDACT_STATEMENT_H

#include "postgres.h"

/* What stands where a text was.  No character of it is special in XML or JSON. */
#define EVC_HIDDEN "[hidden by evcrypt.redact]"

/* From now on until the message ends. */
extern void evc_statement_mark(void);

/* The text has been looked at, so that it is clean unless something marks it. */
extern void evc_statement_judged(void);

/* To be called before anything of ours runs, so that the end is noticed. */
extern void evc_statement_begin(void);

extern bool evc_statement_is_marked(void);

/* Has any message of this transaction been? */
extern bool evc_transaction_is_marked(void);

extern bool evc_statement_is_judged(void);

/* Is this text one that must not be shown, if it calls our functions? */
extern bool evc_hides_text(const char *text);

/* The client's text, not that of a function that it runs? */
extern bool evc_is_clients_text(const char *text);

/* For _PG_init. */
extern void evc_statement_init(void);

/* Takes the text of a marked message out of pg_stat_activity. */
extern void evc_statement_hide_activity(void);

/* Is it out, or without a value? */
extern bool evc_statement_is_out_of_activity(void);

#endif /* EVC_REDACT_STATEMENT_H */
