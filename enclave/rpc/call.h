/*
 * rpc/call.h
 *	  One request on its way through E3, and its reply.
 *
 * The network fills in the request and reads the reply; in between the call
 * belongs to one worker.  Only "cancelled" is shared.
 */
#ifndef E3_CALL_H
#define E3_CALL_H

#include "config.h"
#include "wire/request.h"

#include <stdatomic.h>

/* No deadline. */
#define E3_NO_DEADLINE UINT64_MAX

typedef struct E3Call
{
	EvwBuf body;		 /* the request's frame, owned */
	EvwRequest request;	 /* points into body */
	bool administrator;	 /* may this peer RELOAD? */
	uint64_t arrived_ns; /* monotonic clock */
	uint64_t deadline_ns;
	atomic_bool cancelled;

	EvwBuf reply;		/* the reply's frame, owned */
	EvwStatus outcome;	/* OK, CANCELLED, or what the ERROR says */
	uint32_t done;		/* values worked on */
	E3Config *reloaded; /* by RELOAD: the configuration now on disk, owned */
} E3Call;

/* An empty call that arrived now; buffers are malloc's (base/secret.h). */
extern void e3_call_init(E3Call *call);

/* Wipes and frees what the call owns. */
extern void e3_call_release(E3Call *call);

/*
 * To be asked before each value: OK, CANCELLED or DEADLINE.  "index" is the
 * number of values done; the clock is not read for every one.
 */
extern EvwStatus e3_call_check(E3Call *call, uint32_t index) EVW_MUST_USE;

/* Replaces whatever reply there is by an ERROR with this status. */
extern void e3_call_fail(E3Call *call, EvwStatus status);

#endif /* E3_CALL_H */
