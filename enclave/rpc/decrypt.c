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

#include <stdlib.h>
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
	uint8_t *aes;	/* in locked memory */
	bool is_proven; /* a value has opened under it; it is in the cache */
} DerivedKey;

/* Where the work is. */
typedef struct Opening
{
	E3Scratch *scratch; /* the worker's that is at it */
	E3DerivedKeys *cache;
	E3Call *call;
	const E3App *app; /* in the call's keyring */
	DerivedKey key;
	uint32_t hits;	 /* values whose key was at hand */
	uint32_t failed; /* values that did not open */

	EvwResultMark mark; /* of the RESULT */
	size_t column;		/* of its values, open */
	EvwColumnCursor cursor;
	EvwBuf side; /* lengths, then statuses: 4 bytes and 1 byte a value */
} Opening;

static void
free_opening(void *state)
{
	Opening *opening = state;

	e3_buf_release(&opening->side);
	e3_secret_free(opening->key.aes, E3_AES_KEY_LEN);
	free(opening);
}

static bool
key_at_hand(const DerivedKey *key, const E3KeyVersion *version,
			const EvwEnvelope *envelope)
{
	return key->version == version && key->curve == envelope->info->curve &&
		   key->kdf == envelope->info->kdf &&
		   memcmp(key->epk, envelope->epk, EVW_POINT_LEN) == 0;
}

static E3DerivedId
id_of(const E3KeyPair *pair, bool kdf, const uint8_t *epk)
{
	E3DerivedId id = {.rule = kdf};

	memcpy(id.app, e3_key_pair_public(pair), EVW_POINT_LEN);
	memcpy(id.epk, epk, EVW_POINT_LEN);
	return id;
}

/* An agreement, for the key of an ephemeral key that nobody has seen. */
static EvwStatus
agree(Opening *opening, const E3KeyPair *pair, const EvwEnvelope *envelope)
{
	E3Agreement agreement;
	EvwStatus status = e3_agree_with(opening->scratch, pair, envelope->epk, &agreement);

	opening->call->spent += E3_COST_AGREEMENT;
	if (status == EVW_OK)
		status =
			e3_kdf_key(opening->scratch, envelope->info, &agreement, opening->key.aes);
	e3_wipe(&agreement, sizeof(agreement));
	return status;
}

static EvwStatus
derive_key(Opening *opening, const E3KeyVersion *version, const EvwEnvelope *envelope)
{
	const E3KeyPair *pair = version->pairs[envelope->info->curve];
	const E3DerivedId id = id_of(pair, envelope->info->kdf, envelope->epk);
	DerivedKey *key = &opening->key;
	EvwStatus status = EVW_OK;

	key->version = NULL;
	key->is_proven = e3_derived_find(opening->cache, &id, key->aes);
	if (key->is_proven)
		opening->hits++;
	else
		status = agree(opening, pair, envelope);
	if (status == EVW_OK)
		status = e3_aead_set_key(opening->scratch, key->aes);
	if (status != EVW_OK)
		return status;
	key->version = version;
	key->curve = envelope->info->curve;
	key->kdf = envelope->info->kdf;
	memcpy(key->epk, envelope->epk, EVW_POINT_LEN);
	e3_aad_prepare(&key->aad, envelope->epk, pair);
	return EVW_OK;
}

/* What anybody can make up does not push out of the cache what is of use. */
static void
prove_key(Opening *opening)
{
	DerivedKey *key = &opening->key;
	E3DerivedId id;

	if (key->is_proven)
		return;
	id = id_of(key->version->pairs[key->curve], key->kdf, key->epk);
	e3_derived_add(opening->cache, &id, key->aes);
	key->is_proven = true;
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
	status =
		e3_aead_open(opening->scratch, out, envelope->iv,
					 e3_aad_for(&opening->key.aad, envelope->info, envelope->datatype),
					 envelope->sealed);
	if (status == EVW_OK)
		prove_key(opening);
	return status;
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

/* Opens the next value, and notes its length and status. */
static EvwStatus
open_next(Opening *opening)
{
	E3Call *call = opening->call;
	uint32_t count = evw_column_count(&call->request.values);
	size_t start = call->reply.len;
	EvwStatus status = open_value(opening, evw_column_next(&opening->cursor));
	uint8_t *lengths = opening->side.data;

	if (status != EVW_OK && !is_value_status(status))
		return status;
	lengths[(size_t) 4 * count + call->done] =
		(uint8_t) (status == EVW_OK ? 0 : status - EVW_VALUE_STATUS_BASE);
	evw_put_le32(lengths + (size_t) 4 * call->done, (uint32_t) (call->reply.len - start));
	opening->failed += status != EVW_OK;
	call->done++;
	return EVW_OK;
}

static EvwStatus
open_values(Opening *opening, bool *more)
{
	E3Call *call = opening->call;
	uint32_t count = evw_column_count(&call->request.values);
	EvwStatus status = EVW_OK;

	/* The scratch may have been another call's meanwhile. */
	if (opening->key.version != NULL)
		status = e3_aead_set_key(opening->scratch, opening->key.aes);
	while (status == EVW_OK && call->done < count)
	{
		status =
			e3_call_check(call, E3_COST_VALUE + evw_column_peek(&opening->cursor), more);
		if (status != EVW_OK || *more)
			return status;
		status = open_next(opening);
	}
	return status;
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

static Opening *
new_opening(E3Call *call, const E3App *app)
{
	Opening *opening = calloc(1, sizeof(Opening));

	if (opening == NULL)
		return NULL;
	e3_buf_init(&opening->side);
	opening->call = call;
	opening->app = app;
	opening->key.aes = e3_secret_alloc(E3_AES_KEY_LEN);
	if (opening->key.aes != NULL &&
		evw_buf_extend(&opening->side,
					   (size_t) 5 * evw_column_count(&call->request.values)) != NULL)
		return opening;
	free_opening(opening);
	return NULL;
}

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	Opening *opening;
	EvwStatus status = check_request(request);

	(void) worker;
	if (status != EVW_OK)
		return status;
	app = e3_keyring_find(call->keyring, request->header.app);
	if (app == NULL)
		return EVW_UNKNOWN_APP;
	opening = new_opening(call, app);
	if (opening == NULL)
		return EVW_OUT_OF_MEMORY;
	call->state = opening;
	call->free_state = free_opening;
	/* Opening only shortens, so the reply fits where the request did. */
	if (!e3_buf_grow(&call->reply, REPLY_OVERHEAD + call->body.len))
		return EVW_OUT_OF_MEMORY;
	opening->mark = evw_result_begin(&call->reply, request->id, 0);
	opening->column = evw_write_bin_begin(&call->reply);
	evw_column_open(&opening->cursor, &request->values);
	return call->reply.status;
}

/* The plaintexts' column is closed, and the two others come from the side. */
static void
write_columns(Opening *opening)
{
	EvwBuf *reply = &opening->call->reply;
	uint32_t count = evw_column_count(&opening->call->request.values);
	const uint8_t *lengths = opening->side.data;

	evw_write_bin_end(reply, opening->column);
	evw_write_bin(reply, (EvwBytes){lengths, (size_t) 4 * count});
	if (opening->failed == 0)
		evw_write_nil(reply);
	else
		evw_write_bin(reply, (EvwBytes){lengths + (size_t) 4 * count, count});
}

static EvwStatus
resume(E3RpcWorker *worker, E3Call *call, bool *more)
{
	Opening *opening = call->state;
	EvwStatus status;

	opening->scratch = worker->scratch;
	opening->cache = worker->shared->derived;
	status = open_values(opening, more);
	if (status != EVW_OK || *more)
		return status;
	write_columns(opening);
	evw_result_end(&call->reply, opening->mark, e3_clock_ns() - call->arrived_ns,
				   opening->hits);
	return call->reply.status;
}

const E3Operation e3_rpc_decrypt = {.begin = begin, .resume = resume};
