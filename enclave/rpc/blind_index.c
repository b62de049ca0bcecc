/*
 * rpc/blind_index.c
 *	  BLIND_INDEX: for each value the head of an HMAC under the app's index key, or
 *	  under all of its index keys.
 *
 * What is authenticated begins with a byte that says whether there is a context, and
 * then that context's length, so that no two pairs of value and context are the same
 * message.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "rpc/contexts.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>

/* What stands before the value: no context; or a context and its length. */
#define HEAD_PLAIN 0
#define HEAD_BOUND 1
#define HEAD_MAX 5

/* Head, context, value. */
#define PARTS 3

typedef struct Indexing
{
	const E3App *app; /* in the call's keyring */
	uint32_t n_keys;  /* the newest, or all of them */
	E3Hmac *keys[EVW_INDEX_VERSIONS_MAX];
	uint32_t at; /* number of the key that is next for the value at hand */
	bool begun;	 /* with it */
	uint8_t head[HEAD_MAX];
	EvwBytes rest[PARTS]; /* of the message */

	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
	EvwColumnCursor values;
	E3Contexts contexts;
} Indexing;

static void
free_indexing(void *state)
{
	Indexing *indexing = state;

	for (uint32_t i = 0; i < indexing->n_keys; i++)
		e3_hmac_free(indexing->keys[i]);
	free(indexing);
}

static EvwStatus
check_request(const EvwRequest *request)
{
	EvwStatus status;

	if (request->header.app.len == 0)
		return EVW_BAD_HEADER;
	if (request->datatypes.data != NULL)
		return EVW_UNSUPPORTED;
	status = evw_column_check(&request->values, EVW_PLAINTEXT_MAX, EVW_VALUE_TOO_LONG);
	return status == EVW_OK ? e3_contexts_check(request) : status;
}

/* Bytes of a value's result: with "all" each index has its length before it. */
static size_t
result_len(const Indexing *indexing, bool all)
{
	size_t len = 0;

	for (uint32_t i = 0; i < indexing->n_keys; i++)
		len += indexing->app->indexes[i].bytes + all;
	return len;
}

static Indexing *
new_indexing(const E3RpcWorker *worker, const E3App *app, bool all)
{
	Indexing *indexing = calloc(1, sizeof(Indexing));

	if (indexing == NULL)
		return NULL;
	indexing->app = app;
	indexing->n_keys = all ? app->n_indexes : 1;
	for (uint32_t i = 0; i < indexing->n_keys; i++)
	{
		const EvwBytes key = {app->indexes[i].key, E3_INDEX_KEY_LEN};

		indexing->keys[i] = e3_hmac_new(worker->scratch, key);
		if (indexing->keys[i] != NULL)
			continue;
		free_indexing(indexing);
		return NULL;
	}
	return indexing;
}

static EvwStatus
reserve_reply(const Indexing *indexing, E3Call *call)
{
	const EvwRequest *request = &call->request;
	size_t count = evw_column_count(&request->values);
	size_t size =
		E3_REPLY_OVERHEAD + count * (4 + result_len(indexing, request->header.all));

	if (size > EVW_FRAME_MAX)
		return EVW_REPLY_TOO_LONG;
	return e3_buf_grow(&call->reply, size) ? EVW_OK : EVW_OUT_OF_MEMORY;
}

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	Indexing *indexing;
	EvwStatus status = check_request(request);

	if (status != EVW_OK)
		return status;
	app = e3_keyring_find(call->keyring, request->header.app);
	if (app == NULL)
		return EVW_UNKNOWN_APP;
	if (app->n_indexes == 0)
		return EVW_NO_INDEX_KEY;
	indexing = new_indexing(worker, app, request->header.all);
	if (indexing == NULL)
		return EVW_BUSY;
	call->state = indexing;
	call->free_state = free_indexing;
	status = reserve_reply(indexing, call);
	if (status != EVW_OK)
		return status;
	indexing->mark = evw_result_begin(&call->reply, request->id, app->indexes[0].version);
	indexing->column = evw_write_bin_begin(&call->reply);
	evw_column_open(&indexing->values, &request->values);
	e3_contexts_open(&indexing->contexts, request);
	return call->reply.status;
}

/* The message of the value that is next, from its beginning. */
static EvwStatus
begin_message(Indexing *indexing)
{
	EvwBytes context = {NULL, 0};
	size_t head_len = 1;

	indexing->head[0] = HEAD_PLAIN;
	if (indexing->contexts.given)
	{
		context = evw_column_peek(&indexing->contexts.cursor);
		indexing->head[0] = HEAD_BOUND;
		evw_put_be32(indexing->head + 1, (uint32_t) context.len);
		head_len = HEAD_MAX;
	}
	indexing->rest[0] = (EvwBytes){indexing->head, head_len};
	indexing->rest[1] = context;
	indexing->rest[2] = evw_column_peek(&indexing->values);
	indexing->begun = true;
	return e3_hmac_begin(indexing->keys[indexing->at]);
}

/* As much of the message as is done in one go; *ended with its last. */
static EvwStatus
feed(Indexing *indexing, bool *ended)
{
	size_t room = E3_PIECE;
	EvwStatus status = EVW_OK;

	for (int i = 0; status == EVW_OK && i < PARTS; i++)
	{
		EvwBytes *rest = &indexing->rest[i];
		const EvwBytes piece = {rest->data, rest->len < room ? rest->len : room};

		/* Without a context there is nothing to point to. */
		if (piece.len == 0)
			continue;
		status = e3_hmac_update(indexing->keys[indexing->at], piece);
		rest->data += piece.len;
		rest->len -= piece.len;
		room -= piece.len;
	}
	*ended = indexing->rest[PARTS - 1].len == 0 && indexing->rest[1].len == 0;
	return status;
}

/* On to the next key, or with the last of them to the next value. */
static void
go_on(Indexing *indexing, E3Call *call)
{
	indexing->begun = false;
	indexing->at++;
	if (indexing->at < indexing->n_keys)
		return;
	indexing->at = 0;
	(void) evw_column_next(&indexing->values);
	e3_contexts_pass(&indexing->contexts, 1);
	call->done++;
}

static EvwStatus
write_index(Indexing *indexing, E3Call *call)
{
	uint8_t mac[E3_HMAC_LEN];
	uint8_t bytes = (uint8_t) indexing->app->indexes[indexing->at].bytes;
	EvwStatus status = e3_hmac_end(indexing->keys[indexing->at], mac);

	if (status != EVW_OK)
		return status;
	if (call->request.header.all)
		evw_buf_append(&call->reply, &bytes, 1);
	evw_buf_append(&call->reply, mac, bytes);
	go_on(indexing, call);
	return call->reply.status;
}

static EvwStatus
step(Indexing *indexing, E3Call *call)
{
	EvwStatus status = EVW_OK;
	bool ended;

	if (!indexing->begun)
		status = begin_message(indexing);
	if (status == EVW_OK)
		status = feed(indexing, &ended);
	if (status != EVW_OK || !ended)
		return status;
	return write_index(indexing, call);
}

/* What the next step costs, for e3_call_check. */
static size_t
cost_of_next(const Indexing *indexing)
{
	size_t len = evw_column_peek(&indexing->values).len;

	if (indexing->contexts.given)
		len += evw_column_peek(&indexing->contexts.cursor).len;
	return E3_COST_VALUE + (len < E3_PIECE ? len : E3_PIECE);
}

/* All results have one length. */
static void
write_columns(const Indexing *indexing, E3Call *call)
{
	uint32_t count = evw_column_count(&call->request.values);
	uint32_t len = (uint32_t) result_len(indexing, call->request.header.all);
	uint8_t *lengths;
	size_t column;

	evw_write_bin_end(&call->reply, indexing->column);
	column = evw_write_bin_begin(&call->reply);
	lengths = evw_buf_extend(&call->reply, (size_t) 4 * count);
	for (uint32_t i = 0; lengths != NULL && i < count; i++)
		evw_put_le32(lengths + (size_t) 4 * i, len);
	evw_write_bin_end(&call->reply, column);
	evw_write_nil(&call->reply);
}

static EvwStatus
resume(E3RpcWorker *worker, E3Call *call, bool *more)
{
	Indexing *indexing = call->state;
	uint32_t count = evw_column_count(&call->request.values);

	(void) worker;
	while (call->done < count)
	{
		EvwStatus status = e3_call_check(call, cost_of_next(indexing), more);

		if (status != EVW_OK || *more)
			return status;
		status = step(indexing, call);
		if (status != EVW_OK)
			return status;
	}
	write_columns(indexing, call);
	evw_result_end(&call->reply, indexing->mark, e3_clock_ns() - call->arrived_ns, 0);
	return call->reply.status;
}

const E3Operation e3_rpc_blind_index = {.begin = begin, .resume = resume};
