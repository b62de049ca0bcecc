/*
 * plan/markers.h
 *	  Which functions are ours, by OID.
 *
 * The extension may be in any schema, and a function of the same name may be
 * anybody's: what counts is the C symbol and the library.
 */
#ifndef EVC_PLAN_MARKERS_H
#define EVC_PLAN_MARKERS_H

#include "postgres.h"

/* For _PG_init. */
extern void evc_markers_init(void);

/* Is this a function of ours that asks E3, and STABLE?  Looks up the catalog. */
extern bool evc_is_stable_marker(Oid function);

#endif /* EVC_PLAN_MARKERS_H */
