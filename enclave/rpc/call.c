/*
 * rpc/call.c
 *	  A request's life: made, asked whether to go on, failed, wiped.
 */
#include "rpc/call.h"

#include "base/clock.h"
#include "base/secret.h"
#include "wire/reply.h"

#include <stdlib.h>
#include <string.h>

/* Values between two looks at the clock: some 20 microseconds of work. */
#define CLOCK_INTERVAL 64

void
e3_call_init(E3Call *call)
{
	memset(call, 0, sizeof(*call));
	e3_buf_init(&call->body);
	e3_buf_init(&call->reply);
	atomic_init(&call->cancelled, false);
	call->arrived_ns = e3_clock_ns();
	call->deadline_ns = E3_NO_DEADLINE;
}

void
e3_call_release(E3Call *call)
{
	e3_buf_release(&call->body);
	e3_buf_release(&call->reply);
	free(call->reloaded);
	call->reloaded = NULL;
}

EvwStatus
e3_call_check(E3Call *call, uint32_t index)
{
	if (atomic_load_explicit(&call->cancelled, memory_order_relaxed))
		return EVW_CANCELLED;
	if (call->deadline_ns == E3_NO_DEADLINE || index % CLOCK_INTERVAL != 0)
		return EVW_OK;
	return e3_clock_ns() < call->deadline_ns ? EVW_OK : EVW_DEADLINE;
}

void
e3_call_fail(E3Call *call, EvwStatus status)
{

	e3_buf_release(&call->reply);
	e3_buf_init(&call->reply);
	call->outcome = status;
	if (status == EVW_CANCELLED)
		evw_cancelled_encode(&call->reply, call->request.id, call->done);
	else
		evw_error_encode_status(&call->reply, call->request.id, status);
}
