/*
 * unit/rpc_help.h
 *	  What the tests of E3's operations share: keys, calls, and running them.
 */
#ifndef RPC_HELP_H
#define RPC_HELP_H

#include "e3_help.h"

#include "rpc/rpc.h"
#include "wire/envelope.h"
#include "wire/reply.h"

/*
 * App "old" has the vectors' key as version 1 and a newer one; "new" has
 * another key.
 */
typedef struct RpcFixture
{
	E3RpcShared shared;
	E3RpcWorker worker;
	json_t *vectors; /* test/vectors/ciphertexts.json */
	int slices;		 /* that the last call took */
	/* What the worker does between two slices; may be NULL. */
	void (*between)(struct RpcFixture *fixture);
} RpcFixture;

/* cmocka group set-up and tear-down; *state is the RpcFixture. */
extern int rpc_set_up(void **state);
extern int rpc_tear_down(void **state);

/* A field of one of the vectors' curves. */
extern const char *rpc_curve_field(const RpcFixture *fixture, const char *curve,
								   const char *field);

/* Envelope of the SDK's QkTC vector; help_release wants it back. */
extern EvwBytes rpc_qktc_envelope(const RpcFixture *fixture);

/* That of the first vector of this tag with this role ("": none). */
extern EvwBytes rpc_vector_of(const RpcFixture *fixture, const char *tag,
							  const char *role);

extern EvwRequestHeader rpc_header_for(const char *app);

/* A call with these values and request id 7; datatypes.data NULL is nil. */
extern void rpc_make_call(E3Call *call, EvwVerb verb, const EvwRequestHeader *header,
						  const EvwBytes *values, uint32_t count, EvwBytes datatypes);

/* The same with contexts, as many as there are values or one for all; NULL: none. */
extern void rpc_make_bound_call(E3Call *call, EvwVerb verb,
								const EvwRequestHeader *header, const EvwBytes *values,
								uint32_t count, EvwBytes datatypes,
								const EvwBytes *contexts, uint32_t n_contexts);

/* Runs it; checks that the reply is what the outcome, which it returns, says. */
extern EvwStatus rpc_execute(RpcFixture *fixture, E3Call *call, EvwMessage *message);

/* Status of decrypting one envelope; *plain (if asked for) is for help_release. */
extern EvwStatus rpc_decrypt_one(RpcFixture *fixture, const char *app, EvwBytes envelope,
								 EvwBytes *plain);

/* The same with a context, or without if that is NULL. */
extern EvwStatus rpc_decrypt_bound(RpcFixture *fixture, const char *app,
								   EvwBytes envelope, const EvwBytes *context,
								   EvwBytes *plain);

/* Of value i, from 0. */
extern EvwStatus rpc_status_of(const EvwResult *result, uint32_t i);

#endif /* RPC_HELP_H */
