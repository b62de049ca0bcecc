/*
 * rpc/operations.h
 *	  The operations, one file each; called by dispatch.c alone.
 *
 * Each leaves a complete RESULT in call->reply and returns OK, or returns what
 * went wrong and leaves the reply to dispatch.
 */
#ifndef E3_OPERATIONS_H
#define E3_OPERATIONS_H

#include "rpc/rpc.h"

typedef EvwStatus (*E3Operation)(E3RpcWorker *worker, const E3Keyring *keyring,
								 E3Call *call);

extern EvwStatus e3_rpc_encrypt(E3RpcWorker *worker, const E3Keyring *keyring,
								E3Call *call) EVW_MUST_USE;
extern EvwStatus e3_rpc_decrypt(E3RpcWorker *worker, const E3Keyring *keyring,
								E3Call *call) EVW_MUST_USE;
extern EvwStatus e3_rpc_echo(E3RpcWorker *worker, const E3Keyring *keyring,
							 E3Call *call) EVW_MUST_USE;
extern EvwStatus e3_rpc_keys(E3RpcWorker *worker, const E3Keyring *keyring,
							 E3Call *call) EVW_MUST_USE;
extern EvwStatus e3_rpc_reload(E3RpcWorker *worker, const E3Keyring *keyring,
							   E3Call *call) EVW_MUST_USE;

#endif /* E3_OPERATIONS_H */
