/*
 * plan/rescue.h
 *	  Batches for the statement whose planning has loaded the library.
 */
#ifndef EVC_PLAN_RESCUE_H
#define EVC_PLAN_RESCUE_H

/* For _PG_init, where the library is loaded by a session. */
extern void evc_rescue_init(void);

#endif /* EVC_PLAN_RESCUE_H */
