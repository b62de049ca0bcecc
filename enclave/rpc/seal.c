/*
 * rpc/seal.c
 *	  Values into envelopes: short ones some at a time, long ones piece by piece.
 */
#include "rpc/sealing.h"

#include "base/clock.h"
#include "base/secret.h"
#include "rpc/kept.h"

#include <stdlib.h>
#include <string.h>

EvwTag
e3_seal_default(EvwCurve curve, bool bound)
{
	if (curve == EVW_CURVE_P256)
		return bound ? EVW_TAG_RVZS : EVW_TAG_QKTC;
	return bound ? EVW_TAG_RVZL : EVW_TAG_S0LS;
}

E3Sealing *
e3_sealing_new(const E3KeyPair *app, EvwTag tag)
{
	E3Sealing *sealing = calloc(1, sizeof(E3Sealing));

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
	sealing->unix_seconds = (uint32_t) (e3_clock_unix_us() / 1000000);
	return sealing;
}

void
e3_sealing_free(E3Sealing *sealing)
{
	if (sealing == NULL)
		return;
	e3_aead_stream_free(sealing->stream);
	e3_secret_free(sealing->key, sizeof(E3RequestKey));
	free(sealing);
}

void
e3_seal_role(E3Sealing *sealing, EvwBytes role)
{
	if (sealing->info->metadata)
		sealing->metadata =
			e3_metadata_encode(sealing->metadata_bytes, role, sealing->unix_seconds);
}

/* Another ephemeral key, AES key and IV base. */
EvwStatus
e3_seal_take_key(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call)
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

/* Has the i-th value of those that are next been opened, or was it never sealed? */
static bool
is_good(const E3Sealing *sealing, uint32_t i)
{
	return sealing->statuses == NULL || sealing->statuses[sealing->done + i] == 0;
}

/*
 * Has it datatype and role of the first?  "kept" is what has been kept of it; that of
 * the one after it is next.
 */
static bool
is_alike(const E3Sealing *sealing, uint32_t i, const uint8_t **kept)
{
	const uint8_t *at = *kept;
	size_t len;

	if (at == NULL)
		return sealing->datatypes.data == NULL ||
			   sealing->datatypes.data[sealing->done + i] ==
				   sealing->datatypes.data[sealing->done];
	len = e3_kept_len(at);
	*kept = at + len;
	return len == e3_kept_len(sealing->kept) && memcmp(at, sealing->kept, len) == 0;
}

/* Of the value that is next. */
static EvwDatatype
datatype_of(const E3Sealing *sealing)
{
	if (sealing->kept != NULL)
		return e3_kept_datatype(sealing->kept);
	return sealing->datatypes.data != NULL
			   ? (EvwDatatype) sealing->datatypes.data[sealing->done]
			   : EVW_STRING;
}

/* The i-th value of those that are next has an envelope of this length; 0: none. */
static void
note_length(const E3Sealing *sealing, uint32_t i, size_t len)
{
	if (sealing->lengths != NULL)
		evw_put_le32(sealing->lengths + (size_t) 4 * (sealing->done + i), (uint32_t) len);
}

/* So many values, which are alike, are done. */
static void
pass(E3Sealing *sealing, uint32_t n)
{
	if (sealing->kept != NULL && is_good(sealing, 0))
		sealing->kept += n * e3_kept_len(sealing->kept);
	sealing->done += n;
	e3_contexts_pass(&sealing->contexts, n);
}

/* Everything of an envelope before what is sealed; its IV stays for a while. */
static const uint8_t *
write_head(E3Sealing *sealing, EvwDatatype datatype, uint8_t *out)
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
begin_stream(E3RpcWorker *worker, E3Sealing *sealing, EvwBytes aad, EvwBytes value,
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
begin_long(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call)
{
	EvwBytes value = evw_column_next(&sealing->cursor);
	EvwDatatype datatype = datatype_of(sealing);
	uint8_t *out = evw_buf_extend(&call->reply,
								  EVW_ENVELOPE_MIN + sealing->metadata.len + value.len);

	if (out == NULL)
		return call->reply.status;
	sealing->start = (size_t) (out - call->reply.data);
	(void) write_head(sealing, datatype, out);
	out += EVW_ENVELOPE_HEAD;
	sealing->at = (size_t) (out - call->reply.data) + sealing->metadata.len;
	return begin_stream(worker, sealing,
						e3_aad_for(&sealing->aad, sealing->info, datatype), value, out);
}

/*
 * How many of the values that are next are short ones of one datatype and role, under one
 * key and of one context.
 */
static uint32_t
length_of_run(const E3Sealing *sealing)
{
	const uint8_t *kept = sealing->kept;
	uint32_t most = sealing->count - sealing->done;
	uint32_t to_next_block = E3_IV_BLOCK - sealing->used % E3_IV_BLOCK;
	EvwColumnCursor cursor = sealing->cursor;
	size_t bytes = 0;
	uint32_t n = 0;

	most = most < E3_RUN_VALUES ? most : E3_RUN_VALUES;
	most = most < to_next_block ? most : to_next_block;
	if (sealing->per_key > 0 && most > sealing->per_key - sealing->used)
		most = sealing->per_key - sealing->used;
	most = e3_contexts_alike(&sealing->contexts, most);
	while (n < most && is_good(sealing, n) && is_alike(sealing, n, &kept))
	{
		bytes += evw_column_next(&cursor).len;
		if (n > 0 && bytes > E3_RUN_BYTES)
			break;
		n++;
	}
	return n;
}

static EvwStatus
seal_run(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call)
{
	E3AeadItem items[E3_RUN_VALUES];
	uint32_t n = length_of_run(sealing);
	EvwDatatype datatype = datatype_of(sealing);
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
		note_length(sealing, i, EVW_ENVELOPE_MIN + sealing->metadata.len + value.len);
		call->spent += (uint32_t) (i > 0 ? E3_COST_VALUE + value.len : 0);
	}
	status = e3_aead_seal_many(worker->scratch,
							   e3_aad_for(&sealing->aad, sealing->info, datatype),
							   sealing->metadata, items, n);
	pass(sealing, n);
	return status;
}

/* A piece of a long value; with the last its tag, and then there is no stream. */
static EvwStatus
seal_piece(E3Sealing *sealing, E3Call *call)
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
	note_length(sealing, 0, sealing->at + EVW_TAG_LEN - sealing->start);
	pass(sealing, 1);
	return EVW_OK;
}

static EvwStatus
rekey(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call)
{
	EvwStatus status = e3_seal_take_key(worker, sealing, call);

	return status == EVW_OK ? e3_aead_set_key(worker->scratch, sealing->key->key)
							: status;
}

static bool
is_spent(const E3Sealing *sealing)
{
	return sealing->stream == NULL && sealing->per_key > 0 &&
		   sealing->used == sealing->per_key;
}

/* What the next step costs, for e3_call_check. */
static size_t
cost_of_next(const E3Sealing *sealing)
{
	if (sealing->stream != NULL)
		return E3_PIECE;
	return E3_COST_VALUE + evw_column_peek(&sealing->cursor).len +
		   e3_contexts_cost(&sealing->contexts) +
		   (is_spent(sealing) ? E3_COST_AGREEMENT : 0);
}

static EvwStatus
step(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call)
{
	EvwStatus status = EVW_OK;

	if (sealing->stream == NULL && !is_good(sealing, 0))
	{
		(void) evw_column_next(&sealing->cursor);
		note_length(sealing, 0, 0);
		pass(sealing, 1);
		return EVW_OK;
	}
	if (is_spent(sealing))
		status = rekey(worker, sealing, call);
	if (status != EVW_OK)
		return status;
	if (sealing->stream != NULL)
		return seal_piece(sealing, call);
	if (sealing->kept != NULL)
		e3_seal_role(sealing, e3_kept_role(sealing->kept));
	status = e3_contexts_bind(&sealing->contexts, worker->scratch, &sealing->aad);
	if (status != EVW_OK)
		return status;
	if (evw_column_peek(&sealing->cursor).len > E3_PIECE)
		return begin_long(worker, sealing, call);
	return seal_run(worker, sealing, call);
}

/* The scratch may have been another call's meanwhile. */
EvwStatus
e3_seal_values(E3RpcWorker *worker, E3Sealing *sealing, E3Call *call, bool *more)
{
	EvwStatus status = e3_aead_set_key(worker->scratch, sealing->key->key);

	while (status == EVW_OK && sealing->done < sealing->count)
	{
		status = e3_call_check(call, cost_of_next(sealing), more);
		if (status != EVW_OK || *more)
			return status;
		status = step(worker, sealing, call);
	}
	return status;
}
