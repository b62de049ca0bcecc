/*
 * rpc/encrypt.c
 *	  ENCRYPT: an ephemeral key and an AES key for the request, or for so many values
 *	  of it; an IV a value.
 *
 * All checks come first and the reply's exact size is taken at once, so the
 * loop over the values does nothing but encrypt: short ones some at a time.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/iv.h"
#include "rpc/aad.h"
#include "rpc/contexts.h"
#include "rpc/metadata.h"
#include "wire/envelope.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>

/* What the values under one key have in common, and where the work is. */
typedef struct Sealing
{
	const E3KeyPair *app; /* in the call's keyring */
	const EvwTagInfo *info;
	EvwEnvelope head;  /* of each envelope; datatype and IV are the value's */
	E3RequestKey *key; /* in locked memory */
	uint8_t ivs[E3_IV_BLOCK][EVW_IV_LEN];
	E3Aad aad;
	E3Contexts contexts;
	uint8_t metadata_bytes[E3_METADATA_ENCODED_MAX];
	EvwBytes metadata;
	uint32_t used; /* values under this key */
	uint32_t hits; /* keys that were ready */

	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
	EvwColumnCursor cursor;

	/* A long value that is being sealed. */
	E3AeadStream *stream; /* NULL: none */
	EvwBytes rest;		  /* of it */
	size_t at;			  /* where in the reply it goes on */
} Sealing;

static void
free_sealing(void *state)
{
	Sealing *sealing = state;

	e3_aead_stream_free(sealing->stream);
	e3_secret_free(sealing->key, sizeof(E3RequestKey));
	free(sealing);
}

/* The curve's own. */
static EvwTag
default_tag(EvwCurve curve, bool bound)
{
	if (curve == EVW_CURVE_P256)
		return bound ? EVW_TAG_RVZS : EVW_TAG_QKTC;
	return bound ? EVW_TAG_RVZL : EVW_TAG_S0LS;
}

/* The version to make; 0 if E3 makes none of this name. */
static EvwTag
find_tag(const EvwRequestHeader *header, bool bound)
{
	uint32_t tag;

	if (header->format.len == 0)
		return default_tag(header->curve, bound);
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

/* Datatype of the i-th value of those that are next. */
static EvwDatatype
datatype_of(const E3Call *call, uint32_t i)
{
	const EvwBytes datatypes = call->request.datatypes;

	return datatypes.data != NULL ? (EvwDatatype) datatypes.data[call->done + i]
								  : EVW_STRING;
}

/* Everything of an envelope before what is sealed; its IV stays for a while. */
static const uint8_t *
write_head(Sealing *sealing, EvwDatatype datatype, uint8_t *out)
{
	uint32_t number = sealing->used++;

	if (number % E3_IV_BLOCK == 0)
		e3_iv_fill(sealing->ivs, sealing->key->iv_base, number, E3_IV_BLOCK);
	sealing->head.iv = sealing->ivs[number % E3_IV_BLOCK];
	sealing->head.datatype = datatype;
	evw_envelope_write_head(out, &sealing->head);
	return sealing->head.iv;
}

static EvwStatus
begin_stream(E3RpcWorker *worker, Sealing *sealing, EvwBytes aad, EvwBytes value,
			 uint8_t *out)
{
	EvwStatus status =
		e3_aead_stream_begin(worker->scratch, &sealing->stream, sealing->key->key,
							 sealing->head.iv, aad, E3_AEAD_SEAL);

	sealing->rest = value;
	if (status == EVW_OK)
		return e3_aead_stream_update(sealing->stream, out, sealing->metadata);
	/* Others have the locked memory, but not for long. */
	return status == EVW_OUT_OF_MEMORY ? EVW_BUSY : status;
}

/* The next value, which is a long one: its beginning. */
static EvwStatus
begin_long(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	EvwBytes value = evw_column_next(&sealing->cursor);
	EvwDatatype datatype = datatype_of(call, 0);
	uint8_t *out = evw_buf_extend(&call->reply,
								  EVW_ENVELOPE_MIN + sealing->metadata.len + value.len);

	if (out == NULL)
		return call->reply.status;
	(void) write_head(sealing, datatype, out);
	out += EVW_ENVELOPE_HEAD;
	sealing->at = (size_t) (out - call->reply.data) + sealing->metadata.len;
	return begin_stream(worker, sealing,
						e3_aad_for(&sealing->aad, sealing->info, datatype), value, out);
}

/*
 * How many of the values that are next are short ones of one datatype, under one key and
 * of one context.
 */
static uint32_t
length_of_run(const Sealing *sealing, const E3Call *call)
{
	uint32_t per_key = call->request.header.values_per_key;
	uint32_t most = evw_column_count(&call->request.values) - call->done;
	uint32_t to_next_block = E3_IV_BLOCK - sealing->used % E3_IV_BLOCK;
	EvwColumnCursor cursor = sealing->cursor;
	size_t bytes = 0;
	uint32_t n = 0;

	most = most < E3_RUN_VALUES ? most : E3_RUN_VALUES;
	most = most < to_next_block ? most : to_next_block;
	if (per_key > 0 && most > per_key - sealing->used)
		most = per_key - sealing->used;
	most = e3_contexts_alike(&sealing->contexts, most);
	while (n < most && datatype_of(call, n) == datatype_of(call, 0))
	{
		bytes += evw_column_next(&cursor).len;
		if (n > 0 && bytes > E3_RUN_BYTES)
			break;
		n++;
	}
	return n;
}

static EvwStatus
seal_run(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	E3AeadItem items[E3_RUN_VALUES];
	uint32_t n = length_of_run(sealing, call);
	EvwDatatype datatype = datatype_of(call, 0);
	EvwStatus status;

	for (uint32_t i = 0; i < n; i++)
	{
		EvwBytes value = evw_column_next(&sealing->cursor);
		uint8_t *out =
			evw_buf_extend(&call->reply,
						   EVW_ENVELOPE_MIN + sealing->metadata.len + value.len);

		if (out == NULL)
			return call->reply.status;
		items[i] = (E3AeadItem){.out = out + EVW_ENVELOPE_HEAD,
								.iv = write_head(sealing, datatype, out),
								.in = value};
		call->spent += (uint32_t) (i > 0 ? E3_COST_VALUE + value.len : 0);
	}
	status = e3_aead_seal_many(worker->scratch,
							   e3_aad_for(&sealing->aad, sealing->info, datatype),
							   sealing->metadata, items, n);
	call->done += n;
	e3_contexts_pass(&sealing->contexts, n);
	return status;
}

/* A piece of a long value; with the last its tag, and then there is no stream. */
static EvwStatus
seal_piece(Sealing *sealing, E3Call *call)
{
	EvwBytes piece = sealing->rest;
	uint8_t *out = call->reply.data + sealing->at;
	EvwStatus status;

	piece.len = piece.len < E3_PIECE ? piece.len : E3_PIECE;
	status = e3_aead_stream_update(sealing->stream, out, piece);
	sealing->rest.data += piece.len;
	sealing->rest.len -= piece.len;
	sealing->at += piece.len;
	if (status != EVW_OK || sealing->rest.len > 0)
		return status;
	status = e3_aead_stream_tag(sealing->stream, out + piece.len);
	e3_aead_stream_free(sealing->stream);
	sealing->stream = NULL;
	if (status != EVW_OK)
		return status;
	call->done++;
	e3_contexts_pass(&sealing->contexts, 1);
	return EVW_OK;
}

static EvwStatus
rekey(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	EvwStatus status = next_key(worker, sealing, call);

	return status == EVW_OK ? e3_aead_set_key(worker->scratch, sealing->key->key)
							: status;
}

static bool
is_spent(const Sealing *sealing, const E3Call *call)
{
	uint32_t per_key = call->request.header.values_per_key;

	return sealing->stream == NULL && per_key > 0 && sealing->used == per_key;
}

/* What the next step costs, for e3_call_check. */
static size_t
cost_of_next(const Sealing *sealing, const E3Call *call)
{
	if (sealing->stream != NULL)
		return E3_PIECE;
	return E3_COST_VALUE + evw_column_peek(&sealing->cursor).len +
		   e3_contexts_cost(&sealing->contexts) +
		   (is_spent(sealing, call) ? E3_COST_AGREEMENT : 0);
}

static EvwStatus
step(E3RpcWorker *worker, Sealing *sealing, E3Call *call)
{
	EvwStatus status = EVW_OK;

	if (is_spent(sealing, call))
		status = rekey(worker, sealing, call);
	if (status != EVW_OK)
		return status;
	if (sealing->stream != NULL)
		return seal_piece(sealing, call);
	status = e3_contexts_bind(&sealing->contexts, worker->scratch, &sealing->aad);
	if (status != EVW_OK)
		return status;
	if (evw_column_peek(&sealing->cursor).len > E3_PIECE)
		return begin_long(worker, sealing, call);
	return seal_run(worker, sealing, call);
}

/* The scratch may have been another call's meanwhile. */
static EvwStatus
seal_values(E3RpcWorker *worker, Sealing *sealing, E3Call *call, bool *more)
{
	uint32_t count = evw_column_count(&call->request.values);
	EvwStatus status = e3_aead_set_key(worker->scratch, sealing->key->key);

	while (status == EVW_OK && call->done < count)
	{
		status = e3_call_check(call, cost_of_next(sealing, call), more);
		if (status != EVW_OK || *more)
			return status;
		status = step(worker, sealing, call);
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
		return EVW_BUSY;
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
	e3_contexts_open(&sealing->contexts, request);
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
