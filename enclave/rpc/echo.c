/*
 * rpc/echo.c
 *	  ECHO: the values as they came, to measure everything but cryptography.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>

typedef struct Echo
{
	EvwResultMark mark;
	size_t column; /* of the values, open */
	size_t done;   /* bytes */
} Echo;

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwColumn *values = &call->request.values;
	EvwStatus status = evw_column_check(values, EVW_ENVELOPE_MAX, EVW_VALUE_TOO_LONG);
	Echo *echo;

	(void) worker;
	if (status != EVW_OK)
		return status;
	echo = calloc(1, sizeof(Echo));
	if (echo == NULL || !e3_buf_grow(&call->reply, E3_REPLY_OVERHEAD + values->bytes.len +
													   values->lengths.len))
	{
		free(echo);
		return EVW_OUT_OF_MEMORY;
	}
	call->state = echo;
	call->free_state = free;
	echo->mark = evw_result_begin(&call->reply, call->request.id, 0);
	echo->column = evw_write_bin_begin(&call->reply);
	return call->reply.status;
}

/* Piece by piece: copying much takes long, too. */
static EvwStatus
resume(E3RpcWorker *worker, E3Call *call, bool *more)
{
	const EvwColumn *values = &call->request.values;
	Echo *echo = call->state;

	(void) worker;
	while (echo->done < values->bytes.len)
	{
		size_t piece = values->bytes.len - echo->done;
		EvwStatus status;

		piece = piece < E3_PIECE ? piece : E3_PIECE;
		status = e3_call_check(call, piece, more);
		if (status != EVW_OK || *more)
			return status;
		evw_buf_append(&call->reply, values->bytes.data + echo->done, piece);
		echo->done += piece;
	}
	evw_write_bin_end(&call->reply, echo->column);
	evw_write_bin(&call->reply, values->lengths);
	evw_write_nil(&call->reply);
	call->done = evw_column_count(values);
	evw_result_end(&call->reply, echo->mark, e3_clock_ns() - call->arrived_ns, 0);
	return call->reply.status;
}

const E3Operation e3_rpc_echo = {.begin = begin, .resume = resume};
