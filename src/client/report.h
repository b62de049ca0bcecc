/*
 * client/report.h
 *	  The one place that turns a status of the wire or of E3 into an SQL error.
 */
#ifndef EVC_REPORT_H
#define EVC_REPORT_H

#include "postgres.h"

#include "client/trouble.h"
#include "compat.h"
#include "wire/status.h"

/*
 * Somebody's value has been in our hands since this was cleared: what has been
 * encrypted, decrypted or refused.  For src/redact, which clears it.
 */
extern bool evc_involved;

/*
 * Raises the error that belongs to a status of one value or of a request:
 * SQLSTATE, message, detail and hint, never any data.
 */
pg_noreturn extern void evc_report_status(EvwStatus status);

/* Raises the error that belongs to trouble with a connection or a request. */
pg_noreturn extern void evc_report_trouble(const EvcTrouble *trouble);

/* What went wrong in a few words, without a final stop; valid until the next call. */
extern const char *evc_trouble_cause(const EvcTrouble *trouble);

#endif /* EVC_REPORT_H */
