/*
 * value/violation.h
 *	  Which domain a value is not one of, and why, without the value.
 */
#ifndef EVC_VIOLATION_H
#define EVC_VIOLATION_H

#include "postgres.h"

typedef struct EvcViolation
{
	Oid domain;				/* that has the constraint; InvalidOid: none is known */
	const char *constraint; /* CHECK constraint of it; NULL: it does not allow NULL */
} EvcViolation;

/*
 * In PG_CATCH: what the error that was caught says of a domain, for as much of it
 * as the catalogs confirm.  A CHECK may run a function that puts the value wherever
 * an error has room for a name.  "constraint" is in the current memory context,
 * which must not be ErrorContext.
 */
extern EvcViolation evc_violation_of_error(void);

/* For ereport: the detail and the error's fields; nothing if no domain is known. */
extern int evc_violation_detail(const EvcViolation *violation);

#endif /* EVC_VIOLATION_H */
