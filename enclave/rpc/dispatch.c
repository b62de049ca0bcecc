/*
 * rpc/dispatch.c
 *	  The table of operations, and the frame around each of them.
 */
#include "rpc/admit.h"
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/discard.h"

/* Shorter slices, for the sake of requests that have not begun, would cost too much. */
#define SLICE_MIN_NS UINT64_C(20000)

static const E3Operation *const operations[] = {
	[EVW_VERB_ATTEST] = &e3_rpc_attest,
	[EVW_VERB_ENCRYPT] = &e3_rpc_encrypt,
	[EVW_VERB_DECRYPT] = &e3_rpc_decrypt,
	[EVW_VERB_KEYS] = &e3_rpc_keys,
	[EVW_VERB_ECHO] = &e3_rpc_echo,
	[EVW_VERB_RELOAD] = &e3_rpc_reload,
	[EVW_VERB_REENCRYPT] = &e3_rpc_reencrypt,
	[EVW_VERB_BLIND_INDEX] = &e3_rpc_blind_index,
};

#define N_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

bool
e3_rpc_serves(uint32_t verb)
{
	return verb < N_OPERATIONS && operations[verb] != NULL;
}

/* A call that waited past its deadline, or was cancelled, is not begun. */
static EvwStatus
begin(const E3Operation *operation, E3RpcWorker *worker, E3Call *call)
{
	bool yield;
	EvwStatus status = e3_call_check(call, 0, &yield);

	if (status != EVW_OK)
		return status;
	status = e3_admit(worker->shared, call);
	if (status != EVW_OK)
		return status;
	call->keyring = e3_keyring_acquire(worker->shared->keyring);
	return operation->begin(worker, call);
}

static EvwStatus
run(E3RpcWorker *worker, E3Call *call, bool *more)
{
	const E3Operation *operation = operations[call->request.verb];
	EvwStatus status = EVW_OK;

	if (call->keyring == NULL)
		status = begin(operation, worker, call);
	/* Whatever a slice's length is, something is done in it. */
	call->spent = 0;
	if (status == EVW_OK && operation->resume != NULL)
		status = operation->resume(worker, call, more);
	if (status == EVW_OK)
		status = call->reply.status;
	return status == EVW_FRAME_TOO_LONG ? EVW_REPLY_TOO_LONG : status;
}

bool
e3_rpc_run(E3RpcWorker *worker, E3Call *call)
{
	uint64_t slice_ns = worker->shared->slice_ns;
	uint64_t now_ns = slice_ns > 0 ? e3_clock_ns() : 0;
	E3Slice slice = {.ends_ns = slice_ns > 0 ? now_ns + slice_ns : UINT64_MAX,
					 .may_end_ns = slice_ns > 0 ? now_ns + SLICE_MIN_NS : UINT64_MAX,
					 .fresh_waits = worker->fresh_waits,
					 .scheduler = worker->scheduler};
	bool more = false;
	EvwStatus status;

	call->slice = &slice;
	status = run(worker, call, &more);
	call->slice = NULL;
	if (status == EVW_OK && more)
		return false;
	status = e3_admit_end(call, status);
	call->outcome = EVW_OK;
	if (status != EVW_OK)
		e3_call_fail(call, status);
	e3_buf_discard(&call->body);
	return true;
}

bool
e3_rpc_idle(E3RpcWorker *worker)
{
	return e3_request_keys_stock(worker->shared->request_keys, worker->scratch);
}
