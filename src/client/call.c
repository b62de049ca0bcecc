/*
 * client/call.c
 *	  A request to E3 over the connection that this backend keeps.
 *
 *	  ready -> attempt -> result
 *	    ^         |
 *	    +---------+  lost: once; busy: until the deadline
 */
#include "postgres.h"

#include "client/call.h"

#include "common/pg_prng.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "client/buffer.h"
#include "client/connect.h"
#include "client/exchange.h"
#include "client/report.h"
#include "client/stat.h"
#include "wire/limits.h"

/* Pause before a busy E3 is asked again: doubles from first to last. */
#define BUSY_FIRST_MS 5
#define BUSY_LAST_MS 1000

/* Prefix, array, type and id before the header. */
#define HEAD_MAX (EVW_HEADER_MAX + 32)

static EvcConn kept = EVC_CONN_CLOSED;
static char *kept_endpoints; /* evcrypt.endpoints when it was opened */

typedef struct Call
{
	const EvcRequest *request;
	EvwBuf *reply;
	EvwResult *result;
	EvcStat *stat;
	int64 deadline; /* 0: not known before there is a connection */
	int busy_ms;
	bool repeated;
	EvcTrouble trouble;
} Call;

static void
close_at_exit(int code, Datum arg)
{
	evc_conn_close(&kept);
}

static void
remember_endpoints(void)
{
	static bool registered = false;
	char *copy = MemoryContextStrdup(TopMemoryContext, evc_endpoints);

	if (kept_endpoints != NULL)
		pfree(kept_endpoints);
	kept_endpoints = copy;
	if (!registered)
		before_shmem_exit(close_at_exit, (Datum) 0);
	registered = true;
}

/* Makes sure of a connection that E3 has not ended; false with trouble. */
static bool
ready(Call *call)
{
	EvcEndpoint endpoints[EVC_ENDPOINTS_MAX];
	int count;

	if (evc_conn_usable(&kept) && strcmp(kept_endpoints, evc_endpoints) == 0 &&
		evc_exchange_settle(&kept, call->reply))
		return true;
	evc_conn_close(&kept);
	remember_endpoints();
	count = evc_guc_endpoints(endpoints);
	return evc_connect(&kept, endpoints, count, &call->trouble);
}

static bool
refuse(Call *call, EvcTroubleKind kind, EvwStatus status)
{
	call->trouble = (EvcTrouble){.kind = kind, .status = status};
	return false;
}

/* E3 answered what it should not: nothing it says can be relied on. */
static bool
distrust(Call *call, EvwStatus status)
{
	evc_conn_close(&kept);
	return refuse(call, EVC_TROUBLE_PROTOCOL, status);
}

static bool
take_error(Call *call, const EvwMessage *message)
{
	EvwErrorHeader error;
	EvwStatus status = evw_error_decode(message, &error);

	if (status != EVW_OK)
		return distrust(call, status);
	if (error.code == EVW_DRAINING)
		evc_conn_close(&kept);
	(void) refuse(call, EVC_TROUBLE_STATUS, (EvwStatus) error.code);
	call->trouble.retry_ms = error.retry_ms;
	return false;
}

static bool
take_result(Call *call, EvwMessage *message)
{
	EvwStatus status = evw_result_decode(message, call->result);

	if (status != EVW_OK)
		return distrust(call, status);
	if (evw_column_count(&call->result->values) != call->request->n_values)
		return distrust(call, EVW_BAD_COLUMNS);
	return true;
}

static bool
take_reply(Call *call, EvwMessage *message)
{
	switch (message->type)
	{
		case EVW_VERB_RESULT:
			return take_result(call, message);
		case EVW_VERB_ERROR:
			return take_error(call, message);
		case EVW_VERB_CANCELLED:
			return refuse(call, EVC_TROUBLE_STATUS, EVW_CANCELLED);
		default:
			return distrust(call, EVW_UNKNOWN_VERB);
	}
}

/* Everything of the frame that comes before the columns. */
static EvwStatus
encode_head(const Call *call, uint64 id, EvwBuf *head)
{
	const EvcRequest *request = call->request;
	EvwRequestHeader header = request->header;
	size_t body;

	if (call->deadline != EVC_NO_DEADLINE)
		header.deadline_ms = Max(evc_deadline_left_ms(call->deadline), 1);
	evw_request_begin(head, request->verb, id, &header, request->n_columns);
	if (head->status != EVW_OK)
		return head->status;
	body = head->len - EVW_FRAME_PREFIX + request->columns.len;
	if (body > Min(EVW_FRAME_MAX, kept.hello.frame_max))
		return EVW_FRAME_TOO_LONG;
	evw_put_be32(head->data, (uint32_t) body);
	return EVW_OK;
}

static bool
attempt(Call *call)
{
	uint8_t head[HEAD_MAX];
	EvwBuf buf;
	EvwMessage message;
	EvcFrame frame = {.id = kept.next_id, .columns = call->request->columns};
	EvwStatus status;

	evw_buf_fixed(&buf, head, sizeof(head));
	status = encode_head(call, frame.id, &buf);
	if (status != EVW_OK)
		return refuse(call, EVC_TROUBLE_STATUS, status);
	kept.next_id++;
	frame.head = (EvwBytes){head, buf.len};
	return evc_exchange(&kept, &frame, call->deadline, call->reply, &message,
						&call->trouble) &&
		   take_reply(call, &message);
}

/* Waits before a busy E3 is asked again; false if there is no time for it. */
static bool
pause_busy(Call *call)
{
	int ms = call->trouble.retry_ms > 0 ? (int) Min(call->trouble.retry_ms, BUSY_LAST_MS)
										: call->busy_ms;
	int64 until;

	/* Backends that were refused together should not come back together. */
	ms += (int) pg_prng_uint64_range(&pg_global_prng_state, 0, ms / 2);
	until = evc_deadline_after(ms);
	if (until >= call->deadline)
		return false;
	call->busy_ms = Min(call->busy_ms * 2, BUSY_LAST_MS);
	/* Whatever E3 sends ends the pause: "ready" looks at it. */
	kept.waiter.socket_ready = false;
	while (!kept.waiter.socket_ready &&
		   evc_waiter_wait(&kept.waiter, WL_SOCKET_READABLE, until))
		continue;
	return true;
}

static bool
may_repeat(Call *call)
{
	if (call->trouble.kind == EVC_TROUBLE_STATUS && call->trouble.status == EVW_BUSY)
		return pause_busy(call);
	if (call->trouble.kind != EVC_TROUBLE_LOST || call->repeated)
		return false;
	call->repeated = true;
	return true;
}

static bool
converse(Call *call)
{
	for (;;)
	{
		EvcTroubleKind before = call->trouble.kind;

		if (!ready(call))
		{
			/* The request was lost; that it can't be repeated is the detail. */
			if (before == EVC_TROUBLE_LOST)
				call->trouble.kind = EVC_TROUBLE_LOST;
			return false;
		}
		if (call->deadline == 0)
			call->deadline = evc_request_timeout > 0
								 ? evc_deadline_after(evc_request_timeout)
								 : EVC_NO_DEADLINE;
		if (attempt(call))
			return true;
		if (!may_repeat(call))
			return false;
		call->stat->retries++;
	}
}

/* Moves what the connection has summed up into the counters. */
static void
account(EvcStat *stat)
{
	stat->bytes_sent += kept.bytes_sent;
	stat->bytes_received += kept.bytes_received;
	stat->wait_us += kept.waiter.waited_us;
	kept.bytes_sent = 0;
	kept.bytes_received = 0;
	kept.waiter.waited_us = 0;
}

static void
account_result(const Call *call)
{
	call->stat->values += call->request->n_values;
	call->stat->e3_ns += call->result->header.e3_ns;
	call->stat->cache_hits += call->result->header.cache_hits;
}

void
evc_call(const EvcRequest *request, EvwBuf *reply, EvwResult *result)
{
	Call call = {
		.request = request,
		.reply = reply,
		.result = result,
		.stat = evc_stat_for(request->verb, request->header.curve),
		.busy_ms = BUSY_FIRST_MS,
	};
	volatile bool done = false;

	call.stat->requests++;
	PG_TRY();
	{
		done = converse(&call);
	}
	PG_CATCH();
	{
		evc_conn_abandon(&kept);
		call.stat->cancels++;
		account(call.stat);
		PG_RE_THROW();
	}
	PG_END_TRY();
	account(call.stat);
	if (done)
	{
		account_result(&call);
		return;
	}
	call.stat->errors++;
	if (call.trouble.kind == EVC_TROUBLE_TIMEOUT)
		call.stat->cancels++;
	evc_report_trouble(&call.trouble);
}
