/*
 * rpc/worker.c
 *	  What one thread needs to run calls.
 */
#include "rpc/opening.h"

#include "base/log.h"

/* Without them values are opened one by one. */
static void
make_places(E3RpcWorker *worker)
{
	size_t len = E3_OPEN_EACH * e3_aead_schedule_len(worker->scratch);

	if (e3_locked_map(&worker->schedules, len))
		return;
	worker->shared->out_of_locked = true;
	e3_log(E3_LOG_WARNING, "schedules_unused",
		   "cause=\"no %zu bytes can be locked for this worker, nor for those to come\"",
		   len);
}

bool
e3_rpc_worker_open(E3RpcWorker *worker)
{
	worker->schedules.at = NULL;
	worker->crowded = 0;
	worker->scratch = e3_scratch_new();
	if (worker->scratch == NULL)
		return false;
	if (e3_derived_keeps_schedules(worker->shared->derived) &&
		!worker->shared->out_of_locked)
		make_places(worker);
	return true;
}

void
e3_rpc_worker_close(E3RpcWorker *worker)
{
	e3_locked_unmap(&worker->schedules);
	e3_scratch_free(worker->scratch);
}
