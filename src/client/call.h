/*
 * client/call.h
 *	  Requests to E3 over the connections that this backend keeps.
 *
 *	  evc_call_start --> in flight --> evc_call_finish
 *	                         |
 *	                         +-------> evc_call_drop, or its memory context goes
 *
 * Any number of calls may be in flight at a time: two batches of one node,
 * those of stacked nodes, a scalar call in between.  Replies are taken in any
 * order, each into its own call, whoever waits.
 */
#ifndef EVC_CALL_H
#define EVC_CALL_H

#include "postgres.h"

#include "wire/reply.h"
#include "wire/request.h"

typedef struct EvcRequest
{
	EvwVerb verb;
	EvwRequestHeader header; /* the deadline is filled in when it is sent */
	EvwBytes columns;		 /* encoded, as wire/request.h says */
	uint32 n_columns;		 /* MessagePack objects in them */
	uint32 n_values;
} EvcRequest;

/* What one call has cost. */
typedef struct EvcUsage
{
	int64 requests; /* sent, repeated ones included */
	int64 values;
	int64 bytes_sent;
	int64 bytes_received;
	int64 e3_ns;
	int64 wait_us;
	int64 cache_hits;
} EvcUsage;

typedef struct EvcCall EvcCall;

/*
 * Sends the request, all of it, reading replies while it writes.  The call
 * lives in "context"; the request's columns, header texts and all, must stay
 * until it is finished or dropped.  When the context goes first, as at abort,
 * the call is dropped: cancelled in E3, its late reply discarded by id.
 *
 * Trouble with the connection is not raised here but by evc_call_finish, since
 * it belongs to the rows of this batch; interrupts are.
 */
extern EvcCall *evc_call_start(const EvcRequest *request, MemoryContext context);

/*
 * Waits for the result, which has as many values as were sent and lives as long
 * as the call.  evcrypt.request_timeout limits the time spent in start and here;
 * what the caller does in between does not count.  Repeats the request once if the
 * connection breaks before its reply is there (on another endpoint, if there is one that
 * will do), and while E3 is busy and evcrypt.request_timeout allows. Raises what
 * client/report.h says; the call is then over.
 */
extern void evc_call_finish(EvcCall *call, EvwResult *result);

/* Of a finished call. */
extern const EvcUsage *evc_call_usage(const EvcCall *call);

/* Adds up what calls have cost. */
extern void evc_usage_add(EvcUsage *sum, const EvcUsage *more);

/* Gives up what is not finished; wipes the reply and frees. */
extern void evc_call_drop(EvcCall *call);

#endif /* EVC_CALL_H */
