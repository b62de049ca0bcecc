/*
 * rpc/worker.c
 *	  What one thread needs to run calls.
 */
#include "rpc/opening.h"

bool
e3_rpc_worker_open(E3RpcWorker *worker)
{
	size_t len;

	worker->schedules.at = NULL;
	worker->scratch = e3_scratch_new();
	if (worker->scratch == NULL)
		return false;
	len = e3_aead_schedule_len(worker->scratch);
	if (len == 0 || e3_locked_map(&worker->schedules, E3_OPEN_EACH * len))
		return true;
	e3_scratch_free(worker->scratch);
	return false;
}

void
e3_rpc_worker_close(E3RpcWorker *worker)
{
	e3_locked_unmap(&worker->schedules);
	e3_scratch_free(worker->scratch);
}
