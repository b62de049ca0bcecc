/*
 * rpc/operations.h
 *	  The operations, one file each; called by dispatch.c alone.
 */
#ifndef E3_OPERATIONS_H
#define E3_OPERATIONS_H

#include "rpc/rpc.h"

typedef struct E3Operation
{
	/*
	 * Refuses what can be refused before any work.  Those that are done at once
	 * leave a complete RESULT in call->reply; the others what "resume" needs in
	 * call->state.
	 */
	EvwStatus (*begin)(E3RpcWorker *worker, E3Call *call);
	/*
	 * Works until the RESULT is complete, or the slice is over: then *more is set.
	 * NULL: "begin" did it all.
	 */
	EvwStatus (*resume)(E3RpcWorker *worker, E3Call *call, bool *more);
} E3Operation;

extern const E3Operation e3_rpc_attest;
extern const E3Operation e3_rpc_encrypt;
extern const E3Operation e3_rpc_decrypt;
extern const E3Operation e3_rpc_reencrypt;
extern const E3Operation e3_rpc_blind_index;
extern const E3Operation e3_rpc_echo;
extern const E3Operation e3_rpc_keys;
extern const E3Operation e3_rpc_reload;

#endif /* E3_OPERATIONS_H */
