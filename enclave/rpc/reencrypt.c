/*
 * rpc/reencrypt.c
 *	  REENCRYPT: values are opened as by DECRYPT, then sealed under the app's newest key.
 *
 *	  envelopes -> opening -> plaintexts, which stay here -> sealing -> envelopes
 *
 * Each value keeps its datatype, its data role and, if it is bound to one, its context.
 * What does not open has a status and no envelope, and harms no other.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/discard.h"
#include "rpc/opening.h"
#include "rpc/sealing.h"
#include "wire/writer.h"

#include <stdlib.h>

typedef struct Reencrypting
{
	const E3App *app; /* in the call's keyring */
	E3Opening *opening;
	EvwBuf kept;		/* rpc/kept.h: of the values that opened */
	E3Sealing *sealing; /* NULL: not all have been opened */
	EvwBuf plain;		/* then their plaintexts */
	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
} Reencrypting;

static void
free_reencrypting(void *state)
{
	Reencrypting *work = state;

	e3_sealing_free(work->sealing);
	e3_opening_free(work->opening);
	e3_buf_release(&work->kept);
	e3_buf_discard(&work->plain);
	free(work);
}

static Reencrypting *
new_reencrypting(E3Call *call, const E3App *app)
{
	Reencrypting *work = calloc(1, sizeof(Reencrypting));

	if (work == NULL)
		return NULL;
	e3_buf_init(&work->kept);
	e3_buf_init(&work->plain);
	work->app = app;
	work->opening = e3_opening_new(call, app);
	if (work->opening == NULL)
	{
		free_reencrypting(work);
		return NULL;
	}
	work->opening->kept = &work->kept;
	return work;
}

/* Until all have been opened, the reply's buffer holds their plaintexts. */
static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	Reencrypting *work;
	EvwStatus status = e3_open_find(call, &app);

	(void) worker;
	if (status != EVW_OK)
		return status;
	work = new_reencrypting(call, app);
	if (work == NULL)
		return EVW_BUSY;
	call->state = work;
	call->free_state = free_reencrypting;
	return e3_buf_grow(&call->reply, request->values.bytes.len + 1) ? EVW_OK
																	: EVW_OUT_OF_MEMORY;
}

/* Roles are counted where they are kept, with what goes before each. */
static EvwStatus
reserve_reply(E3Call *call, const Reencrypting *work)
{
	size_t count = evw_column_count(&call->request.values);
	size_t size =
		E3_REPLY_OVERHEAD + 5 * count + work->plain.len + work->kept.len +
		count * (EVW_ENVELOPE_MIN + E3_METADATA_ENCODED_MAX - E3_METADATA_ROLE_MAX);

	if (size > EVW_FRAME_MAX)
		return EVW_REPLY_TOO_LONG;
	return e3_buf_grow(&call->reply, size) ? EVW_OK : EVW_OUT_OF_MEMORY;
}

/* The values are the plaintexts now, whose lengths give way to those of envelopes. */
static void
set_values(E3Sealing *sealing, const Reencrypting *work, const EvwRequest *request)
{
	uint32_t count = evw_column_count(&request->values);
	uint8_t *lengths = work->opening->side.data;

	sealing->per_key = request->header.values_per_key;
	sealing->count = count;
	sealing->cursor = (EvwColumnCursor){work->plain.data, lengths};
	e3_contexts_open(&sealing->contexts, request);
	sealing->statuses = lengths + (size_t) 4 * count;
	sealing->kept = work->kept.data;
	sealing->lengths = lengths;
}

static EvwStatus
begin_sealing(E3RpcWorker *worker, Reencrypting *work, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3KeyVersion *newest = &work->app->versions[0];
	EvwCurve curve = request->header.curve;
	EvwStatus status;

	work->plain = call->reply;
	e3_buf_init(&call->reply);
	status = reserve_reply(call, work);
	if (status != EVW_OK)
		return status;
	work->sealing =
		e3_sealing_new(newest->pairs[curve],
					   e3_seal_default(curve, request->contexts.bytes.data != NULL));
	if (work->sealing == NULL)
		return EVW_BUSY;
	set_values(work->sealing, work, request);
	status = e3_seal_take_key(worker, work->sealing, call);
	if (status != EVW_OK)
		return status;
	work->mark = evw_result_begin(&call->reply, request->id, newest->version);
	work->column = evw_write_bin_begin(&call->reply);
	return call->reply.status;
}

static void
write_columns(const Reencrypting *work, EvwBuf *reply)
{
	const E3Sealing *sealing = work->sealing;

	evw_write_bin_end(reply, work->column);
	evw_write_bin(reply, (EvwBytes){sealing->lengths, (size_t) 4 * sealing->count});
	if (work->opening->failed == 0)
		evw_write_nil(reply);
	else
		evw_write_bin(reply, (EvwBytes){sealing->statuses, sealing->count});
}

static EvwStatus
resume(E3RpcWorker *worker, E3Call *call, bool *more)
{
	Reencrypting *work = call->state;
	EvwStatus status = EVW_OK;

	if (work->sealing == NULL)
	{
		status = e3_open_values(worker, work->opening, more);
		if (status == EVW_OK && !*more)
			status = begin_sealing(worker, work, call);
	}
	if (status == EVW_OK && !*more)
		status = e3_seal_values(worker, work->sealing, call, more);
	if (status != EVW_OK || *more)
		return status;
	write_columns(work, &call->reply);
	evw_result_end(&call->reply, work->mark, e3_clock_ns() - call->arrived_ns,
				   work->opening->hits);
	return call->reply.status;
}

const E3Operation e3_rpc_reencrypt = {.begin = begin, .resume = resume};
