/*
 * rpc/encrypt.c
 *	  ENCRYPT: an ephemeral key and an AES key for the request, or for so many values
 *	  of it; an IV a value.
 *
 * All checks come first and the reply's exact size is taken at once, so the
 * loop over the values does nothing but encrypt.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/iv.h"
#include "rpc/aad.h"
#include "rpc/metadata.h"
#include "wire/envelope.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>

/* More than any RESULT frame has beside the values and their lengths. */
#define REPLY_OVERHEAD 256

/* What the values under one key have in common, and where the work is. */
typedef struct Sealing
{
	const E3KeyPair *app; /* in the call's keyring */
	const EvwTagInfo *info;
	EvwEnvelope head;  /* of each envelope; datatype and IV are the value's */
	E3RequestKey *key; /* in locked memory */
	uint8_t ivs[E3_IV_BLOCK][EVW_IV_LEN];
	E3Aad aad;
	uint8_t metadata_bytes[E3_METADATA_ENCODED_MAX];
	EvwBytes metadata;
	uint32_t used; /* values under this key */
	uint32_t hits; /* keys that were ready */

	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
	EvwColumnCursor cursor;
} Sealing;

static void
free_sealing(void *state)
{
	Sealing *sealing = state;

	e3_secret_free(sealing->key, sizeof(E3RequestKey));
	free(sealing);
}

/* The version to make; 0 if E3 makes none of this name. */
static EvwTag
find_tag(const EvwRequestHeader *header)
{
	uint32_t tag;

	if (header->format.len == 0)
		return header->curve == EVW_CURVE_P256 ? EVW_TAG_QKTC : EVW_TAG_S0LS;
	tag = evw_tag_named(header->format);
	switch (tag)
	{
		case EVW_TAG_QKTC:
		case EVW_TAG_S0LS:
		case EVW_TAG_TK9D:
		case EVW_TAG_RFVC:
			return (EvwTag) tag;
		default:
			return 0;
	}
}

/* A version that cannot hold a role is refused where there is one to write. */
static EvwStatus
check_header(const EvwRequestHeader *header, EvwTag *tag)
{
	const EvwTagInfo *info;

	if (header->app.len == 0)
		return EVW_BAD_HEADER;
	*tag = find_tag(header);
	info = evw_tag_info(*tag);
	if (info == NULL || info->curve != header->curve)
		return EVW_UNSUPPORTED;
	return info->metadata || header->role.len == 0 ? EVW_OK : EVW_UNSUPPORTED;
}

static EvwStatus
check_columns(const EvwRequest *request)
{
	if (request->contexts.bytes.data != NULL)
		return EVW_UNSUPPORTED;
	for (size_t i = 0; i < request->datatypes.len; i++)
		if (request->datatypes.data[i] > EVW_BOOLEAN)
			return EVW_BAD_COLUMNS;
	return evw_column_check(&request->values, EVW_PLAINTEXT_MAX, EVW_VALUE_TOO_LONG);
}

/* Another ephemeral key, AES key and IV base. */
static EvwStatus
next_key(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	bool was_ready;
	EvwStatus status =
		e3_request_keys_take(worker->shared->request_keys, worker->scratch, call->keyring,
							 sealing->app, sealing->info, sealing->key, &was_ready);

	sealing->used = 0;
	sealing->hits += was_ready;
	e3_aad_prepare(&sealing->aad, sealing->key->epk, sealing->app);
	return status;
}

static Sealing *
new_sealing(const E3KeyPair *app, EvwTag tag, EvwBytes role)
{
	Sealing *sealing = calloc(1, sizeof(Sealing));

	if (sealing == NULL)
		return NULL;
	sealing->key = e3_secret_alloc(sizeof(E3RequestKey));
	if (sealing->key == NULL)
	{
		free(sealing);
		return NULL;
	}
	sealing->app = app;
	sealing->info = evw_tag_info(tag);
	sealing->head = (EvwEnvelope){.tag = tag,
								  .info = sealing->info,
								  .hint = e3_key_pair_hint(app),
								  .epk = sealing->key->epk};
	if (sealing->info->metadata)
		sealing->metadata = e3_metadata_encode(sealing->metadata_bytes, role,
											   (uint32_t) (e3_clock_unix_us() / 1000000));
	return sealing;
}

static EvwStatus
seal_value(E3Scratch *scratch, Sealing *sealing, uint8_t *out, EvwBytes value,
		   EvwDatatype datatype)
{
	uint32_t number = sealing->used++;
	const uint8_t *iv = sealing->ivs[number % E3_IV_BLOCK];

	if (number % E3_IV_BLOCK == 0)
		e3_iv_fill(sealing->ivs, sealing->key->iv_base, number, E3_IV_BLOCK);
	sealing->head.datatype = datatype;
	sealing->head.iv = iv;
	evw_envelope_write_head(out, &sealing->head);
	return e3_aead_seal(scratch, out + EVW_ENVELOPE_HEAD, iv,
						e3_aad_for(&sealing->aad, sealing->info, datatype),
						sealing->metadata, value);
}

static EvwStatus
seal_next(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	const EvwRequest *request = &call->request;
	EvwBytes value = evw_column_next(&sealing->cursor);
	uint8_t *out = evw_buf_extend(&call->reply,
								  EVW_ENVELOPE_MIN + sealing->metadata.len + value.len);

	if (out == NULL)
		return call->reply.status;
	return seal_value(worker->scratch, sealing, out, value,
					  request->datatypes.data != NULL
						  ? (EvwDatatype) request->datatypes.data[call->done]
						  : EVW_STRING);
}

static EvwStatus
rekey(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	EvwStatus status = next_key(worker, sealing, call);

	return status == EVW_OK ? e3_aead_set_key(worker->scratch, sealing->key->key)
							: status;
}

/* The scratch may have been another call's meanwhile. */
static EvwStatus
seal_values(E3RpcWorker *worker, Sealing *sealing, E3Call *call, bool *more)
{
	uint32_t count = evw_column_count(&call->request.values);
	uint32_t per_key = call->request.header.values_per_key;
	EvwStatus status = e3_aead_set_key(worker->scratch, sealing->key->key);

	while (status == EVW_OK && call->done < count)
	{
		bool spent = per_key > 0 && sealing->used == per_key;
		size_t cost = E3_COST_VALUE + evw_column_peek(&sealing->cursor);

		status = e3_call_check(call, spent ? cost + E3_COST_AGREEMENT : cost, more);
		if (status != EVW_OK || *more)
			return status;
		if (spent)
			status = rekey(worker, sealing, call);
		if (status == EVW_OK)
			status = seal_next(worker, sealing, call);
		if (status == EVW_OK)
			call->done++;
	}
	return status;
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
	size_t size = REPLY_OVERHEAD + values->bytes.len + values->lengths.len +
				  evw_column_count(values) * overhead;

	if (size > EVW_FRAME_MAX)
		return EVW_REPLY_TOO_LONG;
	return e3_buf_grow(&call->reply, size) ? EVW_OK : EVW_OUT_OF_MEMORY;
}

static EvwStatus
check(const EvwRequest *request, EvwTag *tag)
{
	EvwStatus status = check_header(&request->header, tag);

	return status == EVW_OK ? check_columns(request) : status;
}

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	Sealing *sealing;
	EvwTag tag;
	EvwStatus status = check(request, &tag);

	if (status != EVW_OK)
		return status;
	app = e3_keyring_find(call->keyring, request->header.app);
	if (app == NULL)
		return EVW_UNKNOWN_APP;
	sealing = new_sealing(app->versions[0].pairs[request->header.curve], tag,
						  request->header.role);
	if (sealing == NULL)
		return EVW_OUT_OF_MEMORY;
	call->state = sealing;
	call->free_state = free_sealing;
	status = reserve_reply(call, EVW_ENVELOPE_MIN + sealing->metadata.len);
	if (status == EVW_OK)
		status = next_key(worker, sealing, call);
	if (status != EVW_OK)
		return status;
	sealing->mark = evw_result_begin(&call->reply, request->id, app->versions[0].version);
	sealing->column = evw_write_bin_begin(&call->reply);
	evw_column_open(&sealing->cursor, &request->values);
	return call->reply.status;
}

static EvwStatus
resume(E3RpcWorker *worker, E3Call *call, bool *more)
{
	Sealing *sealing = call->state;
	EvwStatus status = seal_values(worker, sealing, call, more);

	if (status != EVW_OK || *more)
		return status;
	evw_write_bin_end(&call->reply, sealing->column);
	write_lengths(&call->reply, &call->request.values,
				  EVW_ENVELOPE_MIN + sealing->metadata.len);
	evw_write_nil(&call->reply);
	evw_result_end(&call->reply, sealing->mark, e3_clock_ns() - call->arrived_ns,
				   sealing->hits);
	return call->reply.status;
}

const E3Operation e3_rpc_encrypt = {.begin = begin, .resume = resume};
