/*
 * rpc/echo.c
 *	  ECHO: the values as they came, to measure everything but cryptography.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "wire/reply.h"
#include "wire/writer.h"

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwColumn *values = &call->request.values;
	EvwResultMark mark;
	EvwStatus status = evw_column_check(values, EVW_ENVELOPE_MAX, EVW_VALUE_TOO_LONG);

	(void) worker;
	if (status != EVW_OK)
		return status;
	mark = evw_result_begin(&call->reply, call->request.id, 0);
	evw_write_bin(&call->reply, values->bytes);
	evw_write_bin(&call->reply, values->lengths);
	evw_write_nil(&call->reply);
	call->done = evw_column_count(values);
	evw_result_end(&call->reply, mark, e3_clock_ns() - call->arrived_ns, 0);
	return call->reply.status;
}

const E3Operation e3_rpc_echo = {.begin = begin};
