/*
 * rpc/call.h
 *	  One request on its way through E3, and its reply.
 *
 *	  begun by a worker -> slices, perhaps by several workers -> reply complete
 *
 * The network fills in the request and reads the reply; in between the call
 * belongs to one worker at a time.  Only "cancelled" is shared.
 */
#ifndef E3_CALL_H
#define E3_CALL_H

#include "audit/audit.h"
#include "config.h"
#include "keyring/keyring.h"
#include "policy/decide.h"
#include "tls/context.h"
#include "wire/attest.h"
#include "wire/request.h"

#include <stdatomic.h>

/* No deadline. */
#define E3_NO_DEADLINE UINT64_MAX

/* How long a worker stays with a call. */
typedef struct E3Slice
{
	uint64_t ends_ns;	 /* monotonic clock */
	uint64_t may_end_ns; /* from here on it ends early for a request that has not begun */
	bool (*fresh_waits)(const void *scheduler);
	const void *scheduler;
} E3Slice;

typedef struct E3Call
{
	EvwBuf body;		/* the request's frame, owned */
	EvwRequest request; /* points into body */
	EvwAttest attest;	/* of ATTEST: likewise, and what it is bound to, owned */
	EvwBuf binding;
	E3Principal *principal; /* whose it is, a reference; NULL: E3's own */
	bool administrator;		/* root, or E3's own user */
	uint64_t arrived_ns;	/* monotonic clock */
	uint64_t deadline_ns;
	atomic_bool cancelled;

	/* While a worker is at it, or between two of them. */
	const E3Slice *slice;
	uint32_t spent;		/* work since the last look at the clock */
	E3Keyring *keyring; /* one snapshot from beginning to end; owned; NULL: not begun */
	void *state;		/* the operation's own, owned */
	void (*free_state)(void *state);

	/* What the policy said. */
	E3Grant grant;
	char reason[E3_REASON_MAX]; /* of a refusal, for the ERROR; empty: none */
	uint32_t retry_ms;			/* when it makes sense to try again; 0: not said */

	/* What will be said of it. */
	E3Audit *audit;		   /* a record is due when it ends; NULL: none */
	E3AuditRoles roles;	   /* met when decrypting */
	uint32_t opened;	   /* values that were given ... */
	uint32_t role_refused; /* ... and refused for their role */

	EvwBuf reply;	   /* the reply's frame, owned */
	EvwStatus outcome; /* OK, CANCELLED, or what the ERROR says */
	uint32_t done;	   /* values worked on */
	/* By RELOAD, owned: what is on disk now; NULL: no TLS. */
	E3Config *reloaded;
	E3TlsContext *reloaded_tls;
} E3Call;

/* An empty call that arrived now; buffers are malloc's (base/secret.h). */
extern void e3_call_init(E3Call *call);

/* Wipes and frees what the call owns. */
extern void e3_call_release(E3Call *call);

/* What a value costs beside its bytes, for e3_call_check: AEAD and framing. */
#define E3_COST_VALUE 256
/* A key agreement: look at the clock after each. */
#define E3_COST_AGREEMENT 32768

/* Short values that are worked on together, and their bytes: a few microseconds' work. */
#define E3_RUN_VALUES 32
#define E3_RUN_BYTES ((size_t) 8 << 10)
/* And how many of these if each has a key of its own. */
#define E3_OPEN_EACH 16

/* More than any RESULT frame has beside its values, lengths and statuses. */
#define E3_REPLY_OVERHEAD 256

/* Longer values are sealed and opened in pieces of this length. */
#define E3_PIECE ((size_t) 64 << 10)

/*
 * To be asked before each piece of work, whose cost is its bytes and what the
 * constants above say: OK, CANCELLED or DEADLINE; with OK, *yield says that the
 * slice is over.  The clock is not read every time.
 */
extern EvwStatus e3_call_check(E3Call *call, size_t cost, bool *yield) EVW_MUST_USE;

/* What the audit says of it; "record" points into the call. */
extern void e3_call_describe(const E3Call *call, EvwStatus verdict,
							 E3AuditRecord *record);

/* Replaces whatever reply there is by an ERROR with this status. */
extern void e3_call_fail(E3Call *call, EvwStatus status);

#endif /* E3_CALL_H */
