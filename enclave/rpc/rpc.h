/*
 * rpc/rpc.h
 *	  Runs one call: finds its operation, makes its reply.
 */
#ifndef E3_RPC_H
#define E3_RPC_H

#include "attest/attester.h"
#include "base/secret.h"
#include "crypto/scratch.h"
#include "custody/custody.h"
#include "keyring/derived.h"
#include "keyring/keyring.h"
#include "keyring/request_keys.h"
#include "policy/quota.h"
#include "rpc/call.h"

/* What all workers share. */
typedef struct E3RpcShared
{
	E3KeyringHolder *keyring;
	E3Custody *custody;			 /* that has opened it; closed.  NULL: a passphrase */
	E3DerivedKeys *derived;		 /* for DECRYPT */
	E3RequestKeys *request_keys; /* for ENCRYPT */
	E3PolicyHolder *policy;
	E3Audit *audit;		  /* NULL: there is none */
	E3Quotas *quotas;	  /* what peers may still decrypt */
	E3Attester *attester; /* NULL: no evidence */
	const char *config_path;
	bool key_mix;		/* DECRYPT tries the other rule as well: rpc/key_mix.h */
	bool out_of_locked; /* memory, when workers were made: that has been said */
	uint64_t slice_ns;	/* most time for one call while others wait; 0: no end */
} E3RpcShared;

/* What one worker has. */
typedef struct E3RpcWorker
{
	E3RpcShared *shared;
	E3Scratch *scratch;
	E3Locked schedules; /* places for rpc/open_each.c; at NULL: see below */
	uint32_t crowded;	/* rpc/open_each.c: times that the cache had no room for one */
	bool (*fresh_waits)(const void *scheduler);
	const void *scheduler;
} E3RpcWorker;

/*
 * Makes what is the worker's own, and wipes and frees that; false, and nothing is left,
 * without memory or the library's help.  It has no places where the cache keeps no
 * schedules, or where no more memory can be locked: it is slower then, and no less safe.
 * Workers of one E3RpcShared are made one after the other.
 */
extern bool e3_rpc_worker_open(E3RpcWorker *worker);
extern void e3_rpc_worker_close(E3RpcWorker *worker);

/* Does this verb go to a worker? */
extern bool e3_rpc_serves(uint32_t verb);

/*
 * Works on a call for a slice.  True when it is done: the one final reply is in
 * call->reply, and call->outcome says what it is.
 */
extern bool e3_rpc_run(E3RpcWorker *worker, E3Call *call);

/* A moment's work while there are no calls; false if there is nothing to do. */
extern bool e3_rpc_idle(E3RpcWorker *worker);

#endif /* E3_RPC_H */
