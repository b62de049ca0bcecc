/*
 * warning.h
 *	  Messages that are no errors, and show what a function was given.
 */
#ifndef EVC_WARNING_H
#define EVC_WARNING_H

#include "postgres.h"

#define EVC_WARNING_DETAIL                                                               \
	"What PostgreSQL says of it is not shown, since it may hold plaintext."

/*
 * For an error context callback: a copy of the message that is being raised, for
 * FreeErrorData; NULL if it is an error, or for whoever reads the log (LOG, DEBUG).
 */
extern ErrorData *evc_warning_copy(void);

/* Likewise: its texts give way to this one, which is a constant. */
extern void evc_warning_replace(const ErrorData *warning, const char *message);

#endif /* EVC_WARNING_H */
