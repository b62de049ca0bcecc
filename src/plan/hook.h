/*
 * plan/hook.h
 *	  What evcrypt does while a statement is planned.
 */
#ifndef EVC_PLAN_HOOK_H
#define EVC_PLAN_HOOK_H

/* Puts the planner hook before those that are there.  For _PG_init. */
extern void evc_plan_init(void);

#endif /* EVC_PLAN_HOOK_H */
