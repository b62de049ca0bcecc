/*
 * rpc/rpc.h
 *	  Runs one call: finds its operation, makes its reply.
 */
#ifndef E3_RPC_H
#define E3_RPC_H

#include "crypto/scratch.h"
#include "keyring/keyring.h"
#include "rpc/call.h"

/* What all workers share. */
typedef struct E3RpcShared
{
	E3KeyringHolder *keyring;
	const char *config_path;
} E3RpcShared;

/* What one worker has. */
typedef struct E3RpcWorker
{
	E3RpcShared *shared;
	E3Scratch *scratch;
} E3RpcWorker;

/* Does this verb go to a worker? */
extern bool e3_rpc_serves(uint32_t verb);

/* Leaves the one final reply in call->reply and says in call->outcome what it is. */
extern void e3_rpc_execute(E3RpcWorker *worker, E3Call *call);

#endif /* E3_RPC_H */
