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

#include "tcop/tcopprot.h"

/* What stands where a text was.  No character of it is special in XML or JSON. */
#define EVC_HIDDEN "[hidden by evcrypt.redact]"

/* Of this room alone; here for those of its functions that every statement calls. */
typedef struct EvcMessage
{
	bool begun;	 /* its end will be noticed */
	bool judged; /* what is not marked is clean */
	bool final;	 /* so will be what is planned of the client's text */
	bool open;	 /* "final" is not to be: of one of its statements it is not known */
	bool marked;
	bool out_of_activity;
} EvcMessage;

extern EvcMessage evc_message;

/* Registers what ends the message; it has begun if it can be known when that is. */
extern void evc_statement_notice_end(void);

/* To be called before anything of ours runs, so that the end is noticed. */
static inline void
evc_statement_begin(void)
{
	if (!evc_message.begun)
		evc_statement_notice_end();
}

/* From now on until the message ends. */
extern void evc_statement_mark(void);

/* The text has been looked at, so that it is clean unless something marks it. */
static inline void
evc_statement_judged(void)
{
	evc_statement_begin();
	evc_message.judged = evc_message.begun;
}

/*
 * A statement of the client's text has been parsed and judged; "is_final" if it calls
 * nothing of ours and rewriting changes nothing of it.
 */
extern void evc_statement_parsed(bool is_final);

/* Were all that have been parsed?  Then they need no look when they are planned. */
static inline bool
evc_statement_is_final(void)
{
	return evc_message.final;
}

extern bool evc_statement_is_marked(void);

/* Has any message of this transaction been? */
extern bool evc_transaction_is_marked(void);

static inline bool
evc_statement_is_judged(void)
{
	return evc_message.judged;
}

/* Is this text one that must not be shown, if it calls our functions? */
extern bool evc_hides_text(const char *text);

/* The client's text, not that of a function that it runs? */
static inline bool
evc_is_clients_text(const char *text)
{
	return text != NULL && text == debug_query_string;
}

/* For _PG_init. */
extern void evc_statement_init(void);

/* Takes the text of a marked message out of pg_stat_activity. */
extern void evc_statement_hide_activity(void);

/* Is it out, or without a value? */
extern bool evc_statement_is_out_of_activity(void);

#endif /* EVC_REDACT_STATEMENT_H */
