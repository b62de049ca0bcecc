/*
 * client/kept.c
 *	  The connection that this backend keeps.
 */
#include "postgres.h"

#include "client/kept.h"

#include "storage/ipc.h"
#include "utils/memutils.h"

#include "client/connect.h"
#include "client/mux.h"

EvcConn evc_kept = EVC_CONN_CLOSED;
static char *kept_endpoints; /* evcrypt.endpoints when it was opened */

static void
close_at_exit(int code, Datum arg)
{
	evc_conn_close(&evc_kept);
}

static void
remember_endpoints(void)
{
	static bool registered = false;
	char *copy = MemoryContextStrdup(TopMemoryContext, evc_endpoints);

	if (kept_endpoints != NULL)
		pfree(kept_endpoints);
	kept_endpoints = copy;
	if (!registered)
		before_shmem_exit(close_at_exit, (Datum) 0);
	registered = true;
}

bool
evc_kept_ready(EvcTrouble *trouble)
{
	EvcEndpoint endpoints[EVC_ENDPOINTS_MAX];
	int count;

	if (evc_conn_usable(&evc_kept) && strcmp(kept_endpoints, evc_endpoints) == 0 &&
		evc_mux_settle(&evc_kept))
		return true;
	evc_conn_close(&evc_kept);
	remember_endpoints();
	count = evc_guc_endpoints(endpoints);
	return evc_connect(&evc_kept, endpoints, count, trouble);
}

void
evc_kept_clean(void)
{
	if (!evc_kept.greeted)
		evc_conn_close(&evc_kept);
}
