/*
 * rpc/call.c
 *	  A request's life: made, asked whether to go on, failed, wiped.
 */
#include "rpc/call.h"

#include "base/clock.h"
#include "base/discard.h"
#include "wire/reply.h"

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

void
e3_call_release(E3Call *call)
{
	end_work(call);
	e3_buf_release(&call->body);
	e3_buf_release(&call->reply);
	free(call->reloaded);
	call->reloaded = NULL;
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

void
e3_call_fail(E3Call *call, EvwStatus status)
{
	end_work(call);
	e3_buf_discard(&call->reply);
	call->outcome = status;
	if (status == EVW_CANCELLED)
		evw_cancelled_encode(&call->reply, call->request.id, call->done);
	else
		evw_error_encode_status(&call->reply, call->request.id, status);
}
