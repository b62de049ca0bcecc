/*
 * evcrypt.c
 *	  The library is loaded: settings and hooks, in order.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "batch/markers.h"
#include "client/stat.h"
#include "copy/hook.h"
#include "exec/scan.h"
#include "guc.h"
#include "label/provider.h"
#include "plan/hook.h"
#include "plan/rescue.h"
#include "redact/redact.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	evc_guc_init();
	evc_markers_init();
	evc_scan_init();
	evc_stat_init();
	evc_plan_init();
	evc_copy_init();
	evc_label_init();
	if (!process_shared_preload_libraries_in_progress)
		evc_rescue_init();
	evc_redact_init();
}
