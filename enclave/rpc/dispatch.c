/*
 * rpc/dispatch.c
 *	  The table of operations, and the frame around each of them.
 *
 * A call holds one keyring snapshot from beginning to end, so a reload in the
 * middle of it changes nothing for it.
 */
#include "rpc/operations.h"

static const struct
{
	E3Operation run;
	bool administrators_only;
} operations[] = {
	[EVW_VERB_ENCRYPT] = {e3_rpc_encrypt, false},
	[EVW_VERB_DECRYPT] = {e3_rpc_decrypt, false},
	[EVW_VERB_KEYS] = {e3_rpc_keys, false},
	[EVW_VERB_ECHO] = {e3_rpc_echo, false},
	[EVW_VERB_RELOAD] = {e3_rpc_reload, true},
};

#define N_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

bool
e3_rpc_serves(uint32_t verb)
{
	return verb < N_OPERATIONS && operations[verb].run != NULL;
}

/* A request that waited past its deadline, or was cancelled, is not begun. */
static EvwStatus
run(E3RpcWorker *worker, E3Call *call)
{
	uint32_t verb = call->request.verb;
	EvwStatus status = e3_call_check(call, 0);
	E3Keyring *keyring;

	if (status != EVW_OK)
		return status;
	if (operations[verb].administrators_only && !call->administrator)
		return EVW_NOT_ALLOWED;
	keyring = e3_keyring_acquire(worker->shared->keyring);
	status = operations[verb].run(worker, keyring, call);
	e3_keyring_release(keyring);
	if (status == EVW_OK)
		status = call->reply.status;
	return status == EVW_FRAME_TOO_LONG ? EVW_REPLY_TOO_LONG : status;
}

void
e3_rpc_execute(E3RpcWorker *worker, E3Call *call)
{
	EvwStatus status = run(worker, call);

	call->outcome = EVW_OK;
	if (status != EVW_OK)
		e3_call_fail(call, status);
}
