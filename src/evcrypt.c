/*
 * evcrypt.c
 *	  The library is loaded: settings and hooks, in order.
 */
#include "postgres.h"

#include "fmgr.h"

#include "guc.h"
#include "plan/hook.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	evc_guc_init();
	evc_plan_init();
}
