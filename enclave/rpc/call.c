/*
 * rpc/call.c
 *	  A request's life: made, asked whether to go on, failed, wiped.
 */
#include "rpc/call.h"

#include "base/clock.h"
#include "base/discard.h"
#include "wire/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Work between two looks at the clock: some 5 microseconds. */
#define CLOCK_INTERVAL 16384

void
e3_call_init(E3Call *call)
{
	memset(call, 0, sizeof(*call));
	e3_buf_init(&call->body);
	e3_buf_init(&call->reply);
	e3_buf_init(&call->binding);
	atomic_init(&call->cancelled, false);
	call->arrived_ns = e3_clock_ns();
	call->deadline_ns = E3_NO_DEADLINE;
	call->spent = CLOCK_INTERVAL;
}

static void
end_work(E3Call *call)
{
	if (call->state != NULL)
		call->free_state(call->state);
	call->state = NULL;
	if (call->keyring != NULL)
		e3_keyring_release(call->keyring);
	call->keyring = NULL;
}

static const char *
operation_name(const E3Call *call)
{
	switch (call->request.verb)
	{
		case EVW_VERB_ENCRYPT:
			return "encrypt";
		case EVW_VERB_DECRYPT:
			return "decrypt";
		case EVW_VERB_REENCRYPT:
			return "reencrypt";
		case EVW_VERB_BLIND_INDEX:
			return "blind_index";
		case EVW_VERB_KEYS:
			return "keys";
		case EVW_VERB_ECHO:
			return "echo";
		default:
			return "reload";
	}
}

void
e3_call_describe(const E3Call *call, EvwStatus verdict, E3AuditRecord *record)
{
	const E3Grant *grant = &call->grant;

	*record = (E3AuditRecord){.peer = e3_principal_peer(call->principal),
							  .operation = operation_name(call),
							  .subject = {(const uint8_t *) grant->subject,
										  strlen(grant->subject)},
							  .label = call->request.header.label,
							  .app = call->request.header.app,
							  .roles = &call->roles,
							  .values = evw_column_count(&call->request.values),
							  .opened = verdict == EVW_OK ? call->opened : 0,
							  .refused = call->role_refused,
							  .verdict = verdict,
							  .rule = grant->rule,
							  .line = grant->line};
}

/* It ended between two slices, or never got to its end: nothing of it was given. */
static void
post_record(E3Call *call)
{
	E3AuditRecord record;

	if (call->audit == NULL)
		return;
	e3_call_describe(call, call->outcome != EVW_OK ? call->outcome : EVW_CANCELLED,
					 &record);
	e3_audit_post(call->audit, &record);
	call->audit = NULL;
}

void
e3_call_release(E3Call *call)
{
	post_record(call);
	end_work(call);
	e3_grant_release(&call->grant);
	e3_principal_release(call->principal);
	call->principal = NULL;
	e3_buf_release(&call->body);
	e3_buf_release(&call->reply);
	e3_buf_release(&call->binding);
	free(call->reloaded);
	call->reloaded = NULL;
	e3_tls_context_release(call->reloaded_tls);
	call->reloaded_tls = NULL;
}

EvwStatus
e3_call_check(E3Call *call, size_t cost, bool *yield)
{
	const E3Slice *slice = call->slice;
	uint64_t now_ns;

	*yield = false;
	if (atomic_load_explicit(&call->cancelled, memory_order_relaxed))
		return EVW_CANCELLED;
	if (call->spent < CLOCK_INTERVAL)
	{
		call->spent += cost < CLOCK_INTERVAL ? (uint32_t) cost : CLOCK_INTERVAL;
		return EVW_OK;
	}
	call->spent = cost < CLOCK_INTERVAL ? (uint32_t) cost : CLOCK_INTERVAL;
	now_ns = e3_clock_ns();
	if (now_ns >= call->deadline_ns)
		return EVW_DEADLINE;
	*yield = now_ns >= slice->ends_ns ||
			 (now_ns >= slice->may_end_ns && slice->fresh_waits(slice->scheduler));
	return EVW_OK;
}

/* What the status says and, of a refusal, which rule it is. */
static void
encode_error(E3Call *call, EvwStatus status)
{
	char text[EVW_MESSAGE_MAX + 1];
	EvwErrorHeader header = {.code = status, .retry_ms = call->retry_ms};
	int len = snprintf(text, sizeof(text), "%s%s%s", evw_status_message(status),
					   call->reason[0] != '\0' ? ": " : "", call->reason);

	header.message = (EvwBytes){(const uint8_t *) text, (size_t) len};
	evw_error_encode(&call->reply, call->request.id, &header);
}

void
e3_call_fail(E3Call *call, EvwStatus status)
{
	end_work(call);
	e3_buf_discard(&call->reply);
	call->outcome = status;
	if (status == EVW_CANCELLED)
		evw_cancelled_encode(&call->reply, call->request.id, call->done);
	else
		encode_error(call, status);
}
