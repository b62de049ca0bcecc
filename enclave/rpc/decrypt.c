/*
 * rpc/decrypt.c
 *	  DECRYPT: every value has its own outcome; one bad value harms no other.
 *
 * Values made by one request share their ephemeral key, so the key derived
 * last is kept as long as the next value asks for the same one.
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "rpc/aad.h"
#include "rpc/metadata.h"
#include "wire/envelope.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <string.h>

/* More than any RESULT frame has beside the values, lengths and statuses. */
#define REPLY_OVERHEAD 256

/* The key that the scratch is set to, and for whom. */
typedef struct DerivedKey
{
	const E3KeyVersion *version; /* NULL: none */
	EvwCurve curve;
	bool kdf;
	uint8_t epk[EVW_POINT_LEN];
	E3Aad aad;
} DerivedKey;

typedef struct Opening
{
	E3Scratch *scratch;
	const E3App *app;
	DerivedKey key;
	uint32_t hits;	 /* values whose key was at hand */
	uint32_t failed; /* values that did not open */
	E3Call *call;
} Opening;

static bool
key_at_hand(const DerivedKey *key, const E3KeyVersion *version,
			const EvwEnvelope *envelope)
{
	return key->version == version && key->curve == envelope->info->curve &&
		   key->kdf == envelope->info->kdf &&
		   memcmp(key->epk, envelope->epk, EVW_POINT_LEN) == 0;
}

static EvwStatus
derive_key(Opening *opening, const E3KeyVersion *version, const EvwEnvelope *envelope)
{
	const E3KeyPair *pair = version->pairs[envelope->info->curve];
	E3Agreement agreement;
	uint8_t key[E3_AES_KEY_LEN];
	EvwStatus status = e3_agree_with(opening->scratch, pair, envelope->epk, &agreement);

	opening->key.version = NULL;
	if (status == EVW_OK)
		status = e3_kdf_key(opening->scratch, envelope->info, &agreement, key);
	if (status == EVW_OK)
		status = e3_aead_set_key(opening->scratch, key);
	e3_wipe(&agreement, sizeof(agreement));
	e3_wipe(key, sizeof(key));
	if (status != EVW_OK)
		return status;
	opening->key.version = version;
	opening->key.curve = envelope->info->curve;
	opening->key.kdf = envelope->info->kdf;
	memcpy(opening->key.epk, envelope->epk, EVW_POINT_LEN);
	e3_aad_prepare(&opening->key.aad, envelope->epk, pair);
	return EVW_OK;
}

/* Tries one key version; writes the plaintext, metadata and all, to "out". */
static EvwStatus
open_with(Opening *opening, const E3KeyVersion *version, const EvwEnvelope *envelope,
		  uint8_t *out)
{
	EvwStatus status;

	if (key_at_hand(&opening->key, version, envelope))
		opening->hits++;
	else
	{
		status = derive_key(opening, version, envelope);
		if (status != EVW_OK)
			return status;
	}
	return e3_aead_open(opening->scratch, out, envelope->iv,
						e3_aad_for(&opening->key.aad, envelope->info, envelope->datatype),
						envelope->sealed);
}

/*
 * No hint: the version whose key is at hand, if it is this ephemeral key's,
 * then all of them, newest first.
 */
static EvwStatus
open_without_hint(Opening *opening, const EvwEnvelope *envelope, uint8_t *out)
{
	const E3KeyVersion *last = opening->key.version;
	EvwStatus status = EVW_DOES_NOT_OPEN;

	if (last != NULL && key_at_hand(&opening->key, last, envelope))
		status = open_with(opening, last, envelope, out);
	else
		last = NULL;
	for (uint32_t i = 0; status == EVW_DOES_NOT_OPEN && i < opening->app->n_versions; i++)
		if (&opening->app->versions[i] != last)
			status = open_with(opening, &opening->app->versions[i], envelope, out);
	return status;
}

static EvwStatus
open_sealed(Opening *opening, const EvwEnvelope *envelope, uint8_t *out)
{
	const E3KeyVersion *version;

	if (!evw_hint_known(envelope->hint))
		return open_without_hint(opening, envelope, out);
	version = e3_app_find_hint(opening->app, envelope->info->curve, envelope->hint);
	if (version == NULL)
		return EVW_UNKNOWN_KEY;
	return open_with(opening, version, envelope, out);
}

/* Opens one value at the end of the reply, which grows by its body only. */
static EvwStatus
open_value(Opening *opening, EvwBytes value)
{
	EvwBuf *reply = &opening->call->reply;
	size_t start = reply->len;
	EvwEnvelope envelope;
	E3Metadata metadata;
	EvwStatus status = evw_envelope_parse(value, &envelope);
	uint8_t *out;

	if (status != EVW_OK)
		return status;
	if (envelope.info->aad == EVW_AAD_CONTEXT)
		return EVW_CONTEXT_MISSING;
	out = evw_buf_extend(reply, envelope.sealed.len - EVW_TAG_LEN);
	if (out == NULL)
		return reply->status;
	metadata.body = (EvwBytes){out, envelope.sealed.len - EVW_TAG_LEN};
	status = open_sealed(opening, &envelope, out);
	if (status == EVW_OK && envelope.info->metadata &&
		e3_metadata_decode(metadata.body, &metadata) != EVW_OK)
		status = EVW_NOT_CIPHERTEXT;
	if (status != EVW_OK)
	{
		e3_wipe(out, reply->len - start);
		reply->len = start;
		return status;
	}
	memmove(out, metadata.body.data, metadata.body.len);
	reply->len = start + metadata.body.len;
	return EVW_OK;
}

/* Is this the outcome of one value (301 to 319), rather than the end of the request? */
static bool
is_value_status(EvwStatus status)
{
	return status > EVW_VALUE_STATUS_BASE && status < EVW_VALUE_STATUS_BASE + 20;
}

/* Fills lengths and statuses, 4 bytes and 1 byte a value. */
static EvwStatus
open_values(Opening *opening, uint8_t *lengths, uint8_t *statuses)
{
	E3Call *call = opening->call;
	uint32_t count = evw_column_count(&call->request.values);
	EvwColumnCursor cursor;

	evw_column_open(&cursor, &call->request.values);
	for (uint32_t i = 0; i < count; i++)
	{
		EvwBytes value = evw_column_next(&cursor);
		size_t start = call->reply.len;
		EvwStatus status = e3_call_check(call, i);

		if (status == EVW_OK)
			status = open_value(opening, value);
		if (status != EVW_OK && !is_value_status(status))
			return status;
		statuses[i] = (uint8_t) (status == EVW_OK ? 0 : status - EVW_VALUE_STATUS_BASE);
		opening->failed += status != EVW_OK;
		evw_put_le32(lengths + (size_t) 4 * i, (uint32_t) (call->reply.len - start));
		call->done = i + 1;
	}
	return EVW_OK;
}

static EvwStatus
check_request(const EvwRequest *request)
{
	if (request->header.app.len == 0)
		return EVW_BAD_HEADER;
	if (request->contexts.bytes.data != NULL || request->datatypes.data != NULL)
		return EVW_UNSUPPORTED;
	return evw_column_check(&request->values, EVW_ENVELOPE_MAX, EVW_VALUE_TOO_LONG);
}

/* The plaintexts column, then the two others from "side", where they were made. */
static EvwStatus
write_columns(Opening *opening, EvwBuf *side)
{
	EvwBuf *reply = &opening->call->reply;
	uint32_t count = evw_column_count(&opening->call->request.values);
	size_t mark = evw_write_bin_begin(reply);
	uint8_t *lengths = evw_buf_extend(side, (size_t) 5 * count);
	EvwStatus status;

	if (side->status != EVW_OK)
		return side->status;
	status = open_values(opening, lengths, lengths + (size_t) 4 * count);
	if (status != EVW_OK)
		return status;
	evw_write_bin_end(reply, mark);
	evw_write_bin(reply, (EvwBytes){lengths, (size_t) 4 * count});
	if (opening->failed == 0)
		evw_write_nil(reply);
	else
		evw_write_bin(reply, (EvwBytes){lengths + (size_t) 4 * count, count});
	return reply->status;
}

EvwStatus
e3_rpc_decrypt(E3RpcWorker *worker, const E3Keyring *keyring, E3Call *call)
{
	const EvwRequest *request = &call->request;
	Opening opening = {.scratch = worker->scratch, .call = call};
	EvwResultMark mark;
	EvwBuf side;
	EvwStatus status = check_request(request);

	if (status != EVW_OK)
		return status;
	opening.app = e3_keyring_find(keyring, request->header.app);
	if (opening.app == NULL)
		return EVW_UNKNOWN_APP;
	/* Opening only shortens, so the reply fits where the request did. */
	if (!e3_buf_grow(&call->reply, REPLY_OVERHEAD + call->body.len))
		return EVW_OUT_OF_MEMORY;

	mark = evw_result_begin(&call->reply, request->id, 0);
	e3_buf_init(&side);
	status = write_columns(&opening, &side);
	e3_buf_release(&side);
	if (status != EVW_OK)
		return status;
	evw_result_end(&call->reply, mark, e3_clock_ns() - call->arrived_ns, opening.hits);
	return call->reply.status;
}
