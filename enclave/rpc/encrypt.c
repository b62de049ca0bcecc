/*
 * rpc/encrypt.c
 *	  ENCRYPT: an ephemeral key and an AES key for the request, or for so many values
 *	  of it; an IV a value.
 *
 * All checks come first and the reply's exact size is taken at once, so the
 * loop over the values (seal.c) does nothing but encrypt.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "rpc/sealing.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>

typedef struct Encrypting
{
	E3Sealing *sealing;
	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
} Encrypting;

static void
free_encrypting(void *state)
{
	Encrypting *encrypting = state;

	e3_sealing_free(encrypting->sealing);
	free(encrypting);
}

/* The version to make; 0 if E3 makes none of this name. */
static EvwTag
find_tag(const EvwRequestHeader *header, bool bound)
{
	uint32_t tag;

	if (header->format.len == 0)
		return e3_seal_default(header->curve, bound);
	tag = evw_tag_named(header->format);
	switch (tag)
	{
		case EVW_TAG_QKTC:
		case EVW_TAG_S0LS:
		case EVW_TAG_TK9D:
		case EVW_TAG_RFVC:
			return bound ? 0 : (EvwTag) tag;
		case EVW_TAG_RVZS:
		case EVW_TAG_RVZL:
			return bound ? (EvwTag) tag : 0;
		default:
			return 0;
	}
}

/* A version that cannot hold a role is refused where there is one to write. */
static EvwStatus
check_header(const EvwRequestHeader *header, bool bound, EvwTag *tag)
{
	const EvwTagInfo *info;

	if (header->app.len == 0)
		return EVW_BAD_HEADER;
	*tag = find_tag(header, bound);
	info = evw_tag_info(*tag);
	if (info == NULL || info->curve != header->curve)
		return EVW_UNSUPPORTED;
	return info->metadata || header->role.len == 0 ? EVW_OK : EVW_UNSUPPORTED;
}

static EvwStatus
check_columns(const EvwRequest *request)
{
	EvwStatus status = e3_contexts_check(request);

	if (status != EVW_OK)
		return status;
	for (size_t i = 0; i < request->datatypes.len; i++)
		if (request->datatypes.data[i] > EVW_BOOLEAN)
			return EVW_BAD_COLUMNS;
	return evw_column_check(&request->values, EVW_PLAINTEXT_MAX, EVW_VALUE_TOO_LONG);
}

static Encrypting *
new_encrypting(const E3KeyPair *app, EvwTag tag, const EvwRequest *request)
{
	Encrypting *encrypting = calloc(1, sizeof(Encrypting));
	E3Sealing *sealing = e3_sealing_new(app, tag);

	if (encrypting == NULL || sealing == NULL)
	{
		e3_sealing_free(sealing);
		free(encrypting);
		return NULL;
	}
	e3_seal_role(sealing, request->header.role);
	sealing->per_key = request->header.values_per_key;
	sealing->count = evw_column_count(&request->values);
	sealing->datatypes = request->datatypes;
	evw_column_open(&sealing->cursor, &request->values);
	e3_contexts_open(&sealing->contexts, request);
	encrypting->sealing = sealing;
	return encrypting;
}

/* Lengths of the envelopes follow from those of the values. */
static void
write_lengths(EvwBuf *reply, const EvwColumn *values, size_t overhead)
{
	size_t mark = evw_write_bin_begin(reply);
	uint8_t *out = evw_buf_extend(reply, values->lengths.len);

	for (size_t at = 0; out != NULL && at < values->lengths.len; at += 4)
		evw_put_le32(out + at,
					 (uint32_t) (evw_get_le32(values->lengths.data + at) + overhead));
	evw_write_bin_end(reply, mark);
}

/* Takes the memory of the whole reply at once, or refuses before any work. */
static EvwStatus
reserve_reply(E3Call *call, size_t overhead)
{
	const EvwColumn *values = &call->request.values;
	size_t size = E3_REPLY_OVERHEAD + values->bytes.len + values->lengths.len +
				  evw_column_count(values) * overhead;

	if (size > EVW_FRAME_MAX)
		return EVW_REPLY_TOO_LONG;
	return e3_buf_grow(&call->reply, size) ? EVW_OK : EVW_OUT_OF_MEMORY;
}

static EvwStatus
check(const EvwRequest *request, EvwTag *tag)
{
	EvwStatus status =
		check_header(&request->header, request->contexts.bytes.data != NULL, tag);

	return status == EVW_OK ? check_columns(request) : status;
}

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	Encrypting *encrypting;
	EvwTag tag;
	EvwStatus status = check(request, &tag);

	if (status != EVW_OK)
		return status;
	app = e3_keyring_find(call->keyring, request->header.app);
	if (app == NULL)
		return EVW_UNKNOWN_APP;
	encrypting =
		new_encrypting(app->versions[0].pairs[request->header.curve], tag, request);
	if (encrypting == NULL)
		return EVW_BUSY;
	call->state = encrypting;
	call->free_state = free_encrypting;
	status = reserve_reply(call, EVW_ENVELOPE_MIN + encrypting->sealing->metadata.len);
	if (status == EVW_OK)
		status = e3_seal_take_key(worker, encrypting->sealing, call);
	if (status != EVW_OK)
		return status;
	encrypting->mark =
		evw_result_begin(&call->reply, request->id, app->versions[0].version);
	encrypting->column = evw_write_bin_begin(&call->reply);
	return call->reply.status;
}

static EvwStatus
resume(E3RpcWorker *worker, E3Call *call, bool *more)
{
	Encrypting *encrypting = call->state;
	E3Sealing *sealing = encrypting->sealing;
	EvwStatus status = e3_seal_values(worker, sealing, call, more);

	call->done = sealing->done;
	if (status != EVW_OK || *more)
		return status;
	evw_write_bin_end(&call->reply, encrypting->column);
	write_lengths(&call->reply, &call->request.values,
				  EVW_ENVELOPE_MIN + sealing->metadata.len);
	evw_write_nil(&call->reply);
	evw_result_end(&call->reply, encrypting->mark, e3_clock_ns() - call->arrived_ns,
				   sealing->hits);
	return call->reply.status;
}

const E3Operation e3_rpc_encrypt = {.begin = begin, .resume = resume};
