/*
 * rpc/encrypt.c
 *	  ENCRYPT: one ephemeral key and one AES key for the request, one IV a value.
 *
 * All checks come first and the reply's exact size is taken at once, so the
 * loop over the values does nothing but encrypt.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/iv.h"
#include "crypto/random.h"
#include "rpc/aad.h"
#include "rpc/metadata.h"
#include "wire/envelope.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <string.h>

/* More than any RESULT frame has beside the values and their lengths. */
#define REPLY_OVERHEAD 256

/* What the values of one request have in common. */
typedef struct Sealing
{
	const EvwTagInfo *info;
	EvwEnvelope head; /* of each envelope; datatype and IV are the value's */
	uint8_t epk[EVW_POINT_LEN];
	uint8_t iv_base[EVW_IV_LEN];
	uint8_t ivs[E3_IV_BLOCK][EVW_IV_LEN];
	E3Aad aad;
	uint8_t metadata_bytes[E3_METADATA_ENCODED_MAX];
	EvwBytes metadata;
} Sealing;

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
	if (info == NULL || info->curve != header->curve || header->values_per_key != 0)
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

/* Ephemeral key, AES key set on the scratch, IV base. */
static EvwStatus
prepare_key(E3Scratch *scratch, const E3KeyPair *app, Sealing *sealing)
{
	E3Agreement agreement;
	uint8_t key[E3_AES_KEY_LEN];
	EvwStatus status = e3_agree_ephemeral(scratch, app, sealing->epk, &agreement);

	if (status == EVW_OK)
		status = e3_kdf_key(scratch, sealing->info, &agreement, key);
	if (status == EVW_OK)
		status = e3_aead_set_key(scratch, key);
	e3_wipe(&agreement, sizeof(agreement));
	e3_wipe(key, sizeof(key));
	if (status == EVW_OK)
		status = e3_random(sealing->iv_base, EVW_IV_LEN);
	return status;
}

static EvwStatus
prepare(E3Scratch *scratch, const E3KeyPair *app, EvwBytes role, EvwTag tag,
		Sealing *sealing)
{
	EvwStatus status;

	sealing->info = evw_tag_info(tag);
	status = prepare_key(scratch, app, sealing);
	if (status != EVW_OK)
		return status;
	sealing->head = (EvwEnvelope){.tag = tag,
								  .info = sealing->info,
								  .hint = e3_key_pair_hint(app),
								  .epk = sealing->epk};
	e3_aad_prepare(&sealing->aad, sealing->epk, app);
	sealing->metadata = (EvwBytes){NULL, 0};
	if (sealing->info->metadata)
		sealing->metadata = e3_metadata_encode(sealing->metadata_bytes, role,
											   (uint32_t) (e3_clock_unix_us() / 1000000));
	return EVW_OK;
}

static EvwStatus
seal_value(E3Scratch *scratch, Sealing *sealing, uint8_t *out, const uint8_t *iv,
		   EvwBytes value, EvwDatatype datatype)
{
	sealing->head.datatype = datatype;
	sealing->head.iv = iv;
	evw_envelope_write_head(out, &sealing->head);
	return e3_aead_seal(scratch, out + EVW_ENVELOPE_HEAD, iv,
						e3_aad_for(&sealing->aad, sealing->info, datatype),
						sealing->metadata, value);
}

static EvwStatus
seal_values(E3Scratch *scratch, Sealing *sealing, E3Call *call)
{
	const EvwRequest *request = &call->request;
	uint32_t count = evw_column_count(&request->values);
	EvwColumnCursor cursor;

	evw_column_open(&cursor, &request->values);
	for (uint32_t i = 0; i < count; i++)
	{
		EvwBytes value = evw_column_next(&cursor);
		EvwStatus status = e3_call_check(call, i);
		uint8_t *out =
			evw_buf_extend(&call->reply,
						   EVW_ENVELOPE_MIN + sealing->metadata.len + value.len);

		if (status == EVW_OK && out == NULL)
			status = call->reply.status;
		if (status != EVW_OK)
			return status;
		if (i % E3_IV_BLOCK == 0)
			e3_iv_fill(sealing->ivs, sealing->iv_base, i, E3_IV_BLOCK);
		status = seal_value(scratch, sealing, out, sealing->ivs[i % E3_IV_BLOCK], value,
							request->datatypes.data != NULL
								? (EvwDatatype) request->datatypes.data[i]
								: EVW_STRING);
		if (status != EVW_OK)
			return status;
		call->done = i + 1;
	}
	return EVW_OK;
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

EvwStatus
e3_rpc_encrypt(E3RpcWorker *worker, const E3Keyring *keyring, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	Sealing sealing;
	EvwResultMark mark;
	size_t column;
	EvwTag tag;
	EvwStatus status = check_header(&request->header, &tag);

	if (status == EVW_OK)
		status = check_columns(request);
	if (status != EVW_OK)
		return status;
	app = e3_keyring_find(keyring, request->header.app);
	if (app == NULL)
		return EVW_UNKNOWN_APP;
	status = prepare(worker->scratch, app->versions[0].pairs[request->header.curve],
					 request->header.role, tag, &sealing);
	if (status == EVW_OK)
		status = reserve_reply(call, EVW_ENVELOPE_MIN + sealing.metadata.len);
	if (status != EVW_OK)
		return status;

	mark = evw_result_begin(&call->reply, request->id, app->versions[0].version);
	column = evw_write_bin_begin(&call->reply);
	status = seal_values(worker->scratch, &sealing, call);
	if (status != EVW_OK)
		return status;
	evw_write_bin_end(&call->reply, column);
	write_lengths(&call->reply, &request->values,
				  EVW_ENVELOPE_MIN + sealing.metadata.len);
	evw_write_nil(&call->reply);
	evw_result_end(&call->reply, mark, e3_clock_ns() - call->arrived_ns, 0);
	return call->reply.status;
}
