/*
 * client/call.c
 *	  Requests to E3 over the connections that this backend keeps.
 *
 *	  launch --> out --> back --> result
 *	    ^                 |
 *	    +-----------------+  lost: once; busy: until the time is over
 */
#include "postgres.h"

#include "client/call.h"

#include "common/pg_prng.h"
#include "utils/memutils.h"

#include "client/buffer.h"
#include "client/kept.h"
#include "client/mux.h"
#include "client/report.h"
#include "client/stat.h"
#include "wire/limits.h"

/* Pause before a busy E3 is asked again: doubles from first to last. */
#define BUSY_FIRST_MS 5
#define BUSY_LAST_MS 1000

/* From here on a request is large: it goes where there is least to do. */
#define LARGE_VALUES 256
#define LARGE_BYTES (64u << 10)

/* Prefix, array, type and id before the header. */
#define HEAD_MAX (EVW_HEADER_MAX + 32)

struct EvcCall
{
	MemoryContext context; /* of its own, below the caller's */
	MemoryContextCallback gone;
	EvcRequest request;
	EvwResult result;
	EvcFlight flight;
	EvcConn *conn;	/* that the flight is on, or was; NULL: none yet */
	int64 deadline; /* valid while somebody waits; 0: there was no connection yet */
	int64 left_us;	/* of evcrypt.request_timeout, while nobody waits */
	int64 entered;	/* when somebody began to wait */
	int64 waited;	/* what all waiting had come to then */
	int64 held_us;	/* time inside start and finish */
	int busy_ms;
	int retries;
	bool repeated;
	bool over; /* accounted for */
	EvcUsage usage;
};

/*
 * The time that evcrypt.request_timeout limits is that which is spent here: a
 * reply that is there in time may be asked for late.
 */
static void
enter(EvcCall *call)
{
	call->entered = evc_now_us();
	call->waited = evc_waited_us();
	if (call->deadline != 0 && call->deadline != EVC_NO_DEADLINE)
		call->deadline = call->entered + call->left_us;
}

static void
leave(EvcCall *call)
{
	int64 now = evc_now_us();

	call->held_us += now - call->entered;
	call->usage.wait_us += evc_waited_us() - call->waited;
	call->left_us = Max(call->deadline - now, 0);
}

/* Adds what the call has cost to the counters, once. */
static void
account(EvcCall *call, bool cancelled, bool failed)
{
	const EvcUsage *usage = &call->usage;
	EvcStatClass class = evc_stat_class(call->request.n_values);
	EvcStat delta = {.requests = 1};

	if (call->over)
		return;
	call->over = true;
	call->usage.bytes_sent = call->flight.bytes_sent;
	call->usage.bytes_received = call->flight.bytes_received;
	delta.values = usage->values;
	delta.bytes_sent = usage->bytes_sent;
	delta.bytes_received = usage->bytes_received;
	delta.cancels = cancelled;
	delta.errors = failed;
	delta.retries = call->retries;
	delta.e3_ns = usage->e3_ns;
	delta.wait_us = usage->wait_us;
	delta.cache_hits = usage->cache_hits;
	if (usage->values > 0)
	{
		delta.class_requests[class] = 1;
		delta.class_us[class] = call->held_us;
	}
	evc_stat_add(call->request.verb, call->request.header.curve, &delta);
}

/* Ciphertext is no secret. */
static void
give_reply(EvcCall *call)
{
	if (call->request.verb == EVW_VERB_ENCRYPT)
		evc_buffer_clear(&call->flight.reply);
	evc_buffer_give(&call->flight.reply);
}

/* The call goes, or an error is thrown through it. */
static void
give_up(EvcCall *call, bool cancelled)
{
	if (call->conn != NULL)
		evc_mux_abandon(call->conn, &call->flight);
	account(call, cancelled, false);
	give_reply(call);
}

static void
context_gone(void *arg)
{
	EvcCall *call = arg;

	give_up(call, call->flight.state == EVC_FLIGHT_OUT);
}

/* Runs a step that may be interrupted; the call is then given up. */
static void
guard(EvcCall *call, void (*step)(EvcCall *call))
{
	MemoryContext caller = MemoryContextSwitchTo(call->context);

	enter(call);
	PG_TRY();
	{
		step(call);
	}
	PG_CATCH();
	{
		leave(call);
		evc_kept_clean();
		give_up(call, true);
		PG_RE_THROW();
	}
	PG_END_TRY();
	leave(call);
	MemoryContextSwitchTo(caller);
}

static bool
refuse(EvcCall *call, EvcTroubleKind kind, EvwStatus status)
{
	call->flight.state = EVC_FLIGHT_FAILED;
	call->flight.trouble = (EvcTrouble){.kind = kind, .status = status};
	return false;
}

/* E3 answered what it should not: nothing it says can be relied on. */
static bool
distrust(EvcCall *call, EvwStatus status)
{
	evc_conn_close(call->conn);
	return refuse(call, EVC_TROUBLE_PROTOCOL, status);
}

/* What E3 says of a refusal, beside its status: printable and bounded, whoever it is. */
static const char *
refusal_detail(const EvwErrorHeader *error)
{
	const char *common = evw_status_message(error->code);
	size_t skip = strlen(common) + 2;
	char *text;

	if (error->code < EVW_POLICY_REFUSED || error->code >= EVW_BUSY ||
		error->message.len <= skip || memcmp(error->message.data, common, skip - 2) != 0)
		return NULL;
	text = pnstrdup((const char *) error->message.data + skip, error->message.len - skip);
	for (char *at = text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return psprintf("Cause: %s.", text);
}

static bool
take_error(EvcCall *call, const EvwMessage *message)
{
	EvwErrorHeader error;
	EvwStatus status = evw_error_decode(message, &error);

	if (status != EVW_OK)
		return distrust(call, status);
	if (error.code == EVW_DRAINING)
		call->conn->leaving = true;
	(void) refuse(call, EVC_TROUBLE_STATUS, (EvwStatus) error.code);
	call->flight.trouble.retry_ms = error.retry_ms;
	call->flight.trouble.detail = refusal_detail(&error);
	return false;
}

static bool
take_result(EvcCall *call, EvwMessage *message)
{
	EvwResult *result = &call->result;
	EvwStatus status = evw_result_decode(message, result);

	if (status != EVW_OK)
		return distrust(call, status);
	if (evw_column_count(&result->values) != call->request.n_values)
		return distrust(call, EVW_BAD_COLUMNS);
	call->usage.values = call->request.n_values;
	call->usage.e3_ns = (int64) result->header.e3_ns;
	call->usage.cache_hits = result->header.cache_hits;
	return true;
}

static bool
take_reply(EvcCall *call)
{
	EvwMessage *message = &call->flight.message;

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
encode_head(const EvcCall *call, uint64 id, EvwBuf *head)
{
	const EvcRequest *request = &call->request;
	EvwRequestHeader header = request->header;
	size_t body;

	if (call->deadline != EVC_NO_DEADLINE)
		header.deadline_ms = Max(evc_deadline_left_ms(call->deadline), 1);
	evw_request_begin(head, request->verb, id, &header, request->n_columns);
	if (head->status != EVW_OK)
		return head->status;
	body = head->len - EVW_FRAME_PREFIX + request->columns.len;
	if (body > Min(EVW_FRAME_MAX, call->conn->hello.frame_max))
		return EVW_FRAME_TOO_LONG;
	evw_put_be32(head->data, (uint32_t) body);
	return EVW_OK;
}

static void
send_request(EvcCall *call)
{
	uint8_t head[HEAD_MAX];
	EvwBuf buf;
	EvcFrame frame = {.id = call->conn->next_id, .columns = call->request.columns};
	EvwStatus status;

	evw_buf_fixed(&buf, head, sizeof(head));
	status = encode_head(call, frame.id, &buf);
	if (status != EVW_OK)
	{
		(void) refuse(call, EVC_TROUBLE_STATUS, status);
		return;
	}
	call->conn->next_id++;
	call->usage.requests++;
	frame.head = (EvwBytes){head, buf.len};
	evc_mux_send(call->conn, &call->flight, &frame, call->deadline);
	/* It may have a credential in it. */
	explicit_bzero(head, buf.len);
}

/* Is it worth a connection beside the others? */
static bool
is_large(const EvcCall *call)
{
	return call->request.n_values >= LARGE_VALUES ||
		   call->request.columns.len >= LARGE_BYTES;
}

/*
 * There is no connection for it.  One that was lost stays lost, and why it can't be
 * repeated is the detail; one that was refused stays refused.  But that E3 is not what
 * it should be is said before all else.
 */
static void
stay_behind(EvcFlight *flight, const EvcTrouble *trouble)
{
	const EvcTrouble first = flight->trouble;

	flight->state = EVC_FLIGHT_FAILED;
	flight->trouble = *trouble;
	if (first.kind == EVC_TROUBLE_LOST && trouble->kind != EVC_TROUBLE_EVIDENCE)
		flight->trouble.kind = EVC_TROUBLE_LOST;
	else if (first.kind == EVC_TROUBLE_STATUS && first.status == EVW_DRAINING)
		flight->trouble = first;
}

/* Sends the request; what is wrong is in call->flight. */
static void
launch(EvcCall *call)
{
	EvcErrand errand = {.large = is_large(call), .last = call->conn};
	EvcTrouble trouble = {0};
	EvcConn *conn;

	evc_buffer_give(&call->flight.reply);
	conn = evc_kept_choose(&errand, &trouble);
	if (conn == NULL)
	{
		stay_behind(&call->flight, &trouble);
		return;
	}
	call->conn = conn;
	if (call->deadline == 0)
		call->deadline = evc_request_timeout > 0 ? evc_deadline_after(evc_request_timeout)
												 : EVC_NO_DEADLINE;
	send_request(call);
}

/* Waits before a busy E3 is asked again; false if there is no time for it. */
static bool
pause_busy(EvcCall *call)
{
	uint32 asked_ms = call->flight.trouble.retry_ms;
	int ms = asked_ms > 0 ? (int) Min(asked_ms, BUSY_LAST_MS) : call->busy_ms;
	int64 until;

	/* Backends that were refused together should not come back together. */
	ms += (int) pg_prng_uint64_range(&pg_global_prng_state, 0, ms / 2);
	until = evc_deadline_after(ms);
	if (until >= call->deadline)
		return false;
	call->busy_ms = Min(call->busy_ms * 2, BUSY_LAST_MS);
	evc_mux_pause(call->conn, until);
	return true;
}

/* Nothing came of it, and a second try may fare better. */
static bool
is_untouched(const EvcTrouble *trouble)
{
	switch (trouble->kind)
	{
		case EVC_TROUBLE_LOST:
			return true;
		case EVC_TROUBLE_CONNECT:
			return trouble->broke;
		case EVC_TROUBLE_STATUS:
			return (trouble->status == EVW_DRAINING ||
					trouble->status == EVW_NOT_READY) &&
				   evc_kept_several();
		default:
			return false;
	}
}

static bool
may_repeat(EvcCall *call)
{
	const EvcTrouble *trouble = &call->flight.trouble;

	if (trouble->kind == EVC_TROUBLE_STATUS && trouble->status == EVW_BUSY)
		return pause_busy(call);
	if (!is_untouched(trouble) || call->repeated)
		return false;
	call->repeated = true;
	if (call->conn != NULL)
		evc_kept_suspect(call->conn, trouble);
	return true;
}

/*
 * An E3 that does not answer in time may hang.  Where there are others a new connection
 * shows it, at a small part of what this request has cost.
 */
static void
forsake_silent(EvcCall *call)
{
	if (call->flight.trouble.kind != EVC_TROUBLE_TIMEOUT || !evc_kept_several())
		return;
	evc_conn_close(call->conn);
	evc_kept_suspect(call->conn, &call->flight.trouble);
}

/* Until there is a result, or call->flight has failed for good. */
static void
converse(EvcCall *call)
{
	for (;;)
	{
		if (call->flight.state == EVC_FLIGHT_OUT)
			evc_mux_wait(call->conn, &call->flight, call->deadline);
		if (call->flight.state == EVC_FLIGHT_ANSWERED && take_reply(call))
			return;
		if (!may_repeat(call))
		{
			forsake_silent(call);
			return;
		}
		call->retries++;
		launch(call);
	}
}

EvcCall *
evc_call_start(const EvcRequest *request, MemoryContext context)
{
	MemoryContext own =
		AllocSetContextCreate(context, "evcrypt call", ALLOCSET_SMALL_SIZES);
	EvcCall *call = MemoryContextAllocZero(own, sizeof(EvcCall));

	call->context = own;
	call->request = *request;
	call->busy_ms = BUSY_FIRST_MS;
	call->gone.func = context_gone;
	call->gone.arg = call;
	MemoryContextRegisterResetCallback(own, &call->gone);
	guard(call, launch);
	return call;
}

void
evc_call_finish(EvcCall *call, EvwResult *result)
{
	guard(call, converse);
	if (call->flight.state == EVC_FLIGHT_ANSWERED)
	{
		account(call, false, false);
		*result = call->result;
		return;
	}
	account(call, call->flight.trouble.kind == EVC_TROUBLE_TIMEOUT, true);
	evc_report_trouble(&call->flight.trouble);
}

const EvcUsage *
evc_call_usage(const EvcCall *call)
{
	return &call->usage;
}

void
evc_usage_add(EvcUsage *sum, const EvcUsage *more)
{
	sum->requests += more->requests;
	sum->values += more->values;
	sum->bytes_sent += more->bytes_sent;
	sum->bytes_received += more->bytes_received;
	sum->e3_ns += more->e3_ns;
	sum->wait_us += more->wait_us;
	sum->cache_hits += more->cache_hits;
}

void
evc_call_drop(EvcCall *call)
{
	MemoryContextDelete(call->context);
}
