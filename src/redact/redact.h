/*
 * redact/redact.h
 *	  Statements that call our functions, out of the log, of pg_stat_activity and of
 *	  pg_stat_statements.
 */
#ifndef EVC_REDACT_REDACT_H
#define EVC_REDACT_REDACT_H

/* For _PG_init, after everything else that has hooks. */
extern void evc_redact_init(void);

#endif /* EVC_REDACT_REDACT_H */
