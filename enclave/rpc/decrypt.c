/*
 * rpc/decrypt.c
 *	  DECRYPT: every value has its own outcome; one bad value harms no other.
 *
 * Values made by one request share their ephemeral key, so the key derived
 * last is kept as long as the next value asks for the same one, and values that
 * do so are opened together (open_run.c).
 */
#include "rpc/operations.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "rpc/kept.h"
#include "rpc/key_mix.h"
#include "rpc/opening.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

void
e3_opening_free(E3Opening *opening)
{
	if (opening == NULL)
		return;
	e3_aead_stream_free(opening->large.stream);
	e3_buf_release(&opening->side);
	e3_secret_free(opening->key.aes, E3_AES_KEY_LEN);
	e3_secret_free(opening->ahead, sizeof(E3Ahead));
	free(opening);
}

static void
free_opening(void *state)
{
	e3_opening_free(state);
}

/* Tries one key version; writes the plaintext, metadata and all, to "out". */
static EvwStatus
open_with(E3Opening *opening, const E3KeyVersion *version, const EvwEnvelope *envelope,
		  uint8_t *out)
{
	EvwStatus status;

	if (e3_key_at_hand(&opening->key, version, envelope))
		opening->hits++;
	else
	{
		status = e3_derive_key(opening, version, envelope);
		if (status != EVW_OK)
			return status;
	}
	status =
		e3_aead_open(opening->scratch, out, envelope->iv,
					 e3_aad_for(&opening->key.aad, envelope->info, envelope->datatype),
					 envelope->sealed);
	if (status == EVW_OK)
		e3_prove_key(opening);
	return status;
}

/*
 * No hint: the version whose key is at hand, if it is this ephemeral key's,
 * then all of them, newest first.
 */
static EvwStatus
open_without_hint(E3Opening *opening, const EvwEnvelope *envelope, uint8_t *out)
{
	const E3KeyVersion *last = opening->key.version;
	EvwStatus status = EVW_DOES_NOT_OPEN;

	if (last != NULL && e3_key_at_hand(&opening->key, last, envelope))
		status = open_with(opening, last, envelope, out);
	else
		last = NULL;
	for (uint32_t i = 0; status == EVW_DOES_NOT_OPEN && i < opening->app->n_versions; i++)
		if (&opening->app->versions[i] != last)
			status = open_with(opening, &opening->app->versions[i], envelope, out);
	return status;
}

static EvwStatus
open_as(E3Opening *opening, const EvwEnvelope *envelope, uint8_t *out)
{
	const E3KeyVersion *version;

	if (!evw_hint_known(envelope->hint))
		return open_without_hint(opening, envelope, out);
	version = e3_app_find_hint(opening->app, envelope->info->curve, envelope->hint);
	if (version == NULL)
		return EVW_UNKNOWN_KEY;
	return open_with(opening, version, envelope, out);
}

/* The key of the values before is often that of this one. */
static bool
is_at_hand(const E3Opening *opening, const EvwEnvelope *envelope)
{
	const E3KeyVersion *last = opening->key.version;

	return last != NULL && e3_key_at_hand(&opening->key, last, envelope);
}

/* Under the key that the version says, or under that which it was mixed up with. */
static EvwStatus
open_sealed(E3Opening *opening, const EvwEnvelope *envelope, uint8_t *out)
{
	EvwEnvelope mixed;
	bool may_mix = opening->try_mix && e3_key_mix(envelope, &mixed);
	bool first = may_mix && is_at_hand(opening, &mixed);
	EvwStatus status = EVW_DOES_NOT_OPEN;

	if (first)
		status = open_as(opening, &mixed, out);
	if (status == EVW_DOES_NOT_OPEN)
		status = open_as(opening, envelope, out);
	if (status == EVW_DOES_NOT_OPEN && may_mix && !first)
		status = open_as(opening, &mixed, out);
	if (status == EVW_OK && may_mix && is_at_hand(opening, &mixed))
		opening->mixed++;
	return status;
}

EvwStatus
e3_open_check(EvwBytes value, bool has_context, EvwEnvelope *envelope)
{
	EvwStatus status = evw_envelope_parse(value, envelope);

	if (status != EVW_OK || (envelope->info->aad == EVW_AAD_CONTEXT) == has_context)
		return status;
	return has_context ? EVW_CONTEXT_UNEXPECTED : EVW_CONTEXT_MISSING;
}

/*
 * What tells TENZ and Tk9D apart is not authenticated: metadata with a role in front
 * of the text are what they are, whatever the version says.
 */
static EvwBytes
role_of(const EvwTagInfo *info, const E3Metadata *metadata)
{
	E3Metadata hidden;

	if (!info->metadata && e3_metadata_decode(metadata->body, &hidden) == EVW_OK)
		return hidden.role;
	return metadata->role;
}

/* Values that were encrypted together have one role, so it is looked up once. */
static bool
is_role_covered(E3Opening *opening, EvwBytes role)
{
	E3RoleSeen *seen = &opening->role;

	if (seen->known && seen->len == role.len &&
		(role.len == 0 || memcmp(seen->role, role.data, role.len) == 0))
		return seen->is_covered;
	seen->is_covered = e3_grant_covers(&opening->call->grant, role);
	e3_audit_roles_add(&opening->call->roles, role);
	seen->known = role.len <= sizeof(seen->role);
	seen->len = role.len;
	if (seen->known && role.len > 0)
		memcpy(seen->role, role.data, role.len);
	return seen->is_covered;
}

/* The tag is right: may this peer have it? */
static EvwStatus
check_role(E3Opening *opening, const EvwTagInfo *info, const E3Metadata *metadata)
{
	E3Call *call = opening->call;
	bool asks = call->grant.policy != NULL && !call->grant.every_role;

	if (!asks && call->audit == NULL)
		return EVW_OK;
	if (is_role_covered(opening, role_of(info, metadata)))
		return EVW_OK;
	call->role_refused++;
	return EVW_ROLE_REFUSED;
}

/* Datatype and role are for another envelope, if that has room for the role. */
static EvwStatus
keep(E3Opening *opening, const EvwEnvelope *envelope, const E3Metadata *metadata)
{
	EvwBytes role = role_of(envelope->info, metadata);

	if (role.len > E3_METADATA_ROLE_MAX)
		return EVW_VERSION_UNSUPPORTED;
	e3_kept_append(opening->kept, envelope->datatype, role);
	return opening->kept->status;
}

EvwStatus
e3_open_finish(E3Opening *opening, const EvwEnvelope *envelope, uint8_t *opened,
			   size_t len, EvwStatus status)
{
	EvwBuf *reply = &opening->call->reply;
	E3Metadata metadata = {.body = {opened, len}};

	if (status == EVW_OK && envelope->info->metadata &&
		e3_metadata_decode_next(&opening->seen, metadata.body, &metadata) != EVW_OK)
		status = EVW_NOT_CIPHERTEXT;
	if (status == EVW_OK)
		status = check_role(opening, envelope->info, &metadata);
	if (status == EVW_OK && opening->kept != NULL)
		status = keep(opening, envelope, &metadata);
	if (status != EVW_OK)
	{
		e3_wipe(opened, len);
		return status;
	}
	memmove(reply->data + reply->len, metadata.body.data, metadata.body.len);
	reply->len += metadata.body.len;
	return EVW_OK;
}

/* Opens one value at the end of the reply, which grows by its body only. */
static EvwStatus
open_value(E3Opening *opening, EvwBytes value)
{
	EvwBuf *reply = &opening->call->reply;
	size_t start = reply->len;
	EvwEnvelope envelope;
	EvwStatus status = e3_open_check(value, opening->contexts.given, &envelope);
	uint8_t *out;

	opening->like = NULL;
	if (status == EVW_OK)
		status =
			e3_contexts_bind(&opening->contexts, opening->scratch, &opening->key.aad);
	if (status != EVW_OK)
		return status;
	out = evw_buf_extend(reply, envelope.sealed.len - EVW_TAG_LEN);
	if (out == NULL)
		return reply->status;
	status = open_sealed(opening, &envelope, out);
	/*
	 * Flags of the text form would have to fit each value's length, and the key must
	 * be the version's own.
	 */
	if (status == EVW_OK && is_at_hand(opening, &envelope) &&
		evw_hint_known(envelope.hint) && !envelope.names_string && !envelope.padded)
		opening->like = value.data;
	reply->len = start;
	return e3_open_finish(opening, &envelope, out, envelope.sealed.len - EVW_TAG_LEN,
						  status);
}

/* The next value, or a piece of it. */
static EvwStatus
open_next(E3Opening *opening, bool *finished)
{
	*finished = true;
	if (opening->large.begun || evw_column_peek(&opening->cursor).len > E3_PIECE)
		return e3_open_large(opening, finished);
	return open_value(opening, evw_column_next(&opening->cursor));
}

void
e3_open_note(E3Opening *opening, size_t start, EvwStatus status)
{
	E3Call *call = opening->call;
	size_t count = evw_column_count(&call->request.values);
	uint8_t *lengths = opening->side.data;

	lengths[4 * count + call->done] =
		(uint8_t) (status == EVW_OK ? 0 : status - EVW_VALUE_STATUS_BASE);
	evw_put_le32(lengths + (size_t) 4 * call->done, (uint32_t) (call->reply.len - start));
	opening->failed += status != EVW_OK;
	call->opened += status == EVW_OK;
	call->done++;
	e3_contexts_pass(&opening->contexts, 1);
}

EvwStatus
e3_open_settle(E3Opening *opening, const EvwEnvelope *envelope, const E3AeadItem *item)
{
	size_t start = opening->call->reply.len;
	EvwStatus status = e3_open_finish(opening, envelope, item->out,
									  item->in.len - EVW_TAG_LEN, item->status);

	if (status != EVW_OK && !evw_status_is_value(status))
		return status;
	e3_open_note(opening, start, status);
	return EVW_OK;
}

/* What the next step costs, for e3_call_check. */
static size_t
cost_of_next(const E3Opening *opening)
{
	if (opening->large.begun || evw_column_peek(&opening->cursor).len > E3_PIECE)
		return E3_PIECE;
	return E3_COST_VALUE + evw_column_peek(&opening->cursor).len +
		   e3_contexts_cost(&opening->contexts);
}

static EvwStatus
open_values(E3Opening *opening, bool *more)
{
	E3Call *call = opening->call;
	uint32_t count = evw_column_count(&call->request.values);
	EvwStatus status = EVW_OK;

	/* The scratch may have been another call's meanwhile. */
	if (opening->key.version != NULL)
		status = e3_aead_set_key(opening->scratch, opening->key.aes);
	while (status == EVW_OK && call->done < count)
	{
		size_t start = opening->large.begun ? opening->large.start : call->reply.len;
		bool finished;
		bool any;

		status = e3_call_check(call, cost_of_next(opening), more);
		if (status != EVW_OK || *more)
			return status;
		status = e3_open_run(opening, &any);
		if (status == EVW_OK && !any)
			status = e3_open_each(opening, &any);
		if (status != EVW_OK || any)
			continue;
		status = open_next(opening, &finished);
		if (!finished || (status != EVW_OK && !evw_status_is_value(status)))
			continue;
		e3_open_note(opening, start, status);
		status = EVW_OK;
	}
	return status;
}

EvwStatus
e3_open_values(E3RpcWorker *worker, E3Opening *opening, bool *more)
{
	EvwStatus status;

	opening->scratch = worker->scratch;
	opening->schedules = worker->schedules.at;
	opening->crowded = &worker->crowded;
	opening->cache = worker->shared->derived;
	opening->try_mix = worker->shared->key_mix;
	status = open_values(opening, more);
	if (status == EVW_OK && !*more && opening->mixed > 0)
		e3_log(E3_LOG_INFO, "key_mix", "app=%s values=%u", opening->app->name,
			   opening->mixed);
	return status;
}

static EvwStatus
check_request(const EvwRequest *request)
{
	EvwStatus status = e3_contexts_check(request);

	if (request->header.app.len == 0)
		return EVW_BAD_HEADER;
	if (request->datatypes.data != NULL)
		return EVW_UNSUPPORTED;
	if (status != EVW_OK)
		return status;
	return evw_column_check(&request->values, EVW_ENVELOPE_MAX, EVW_VALUE_TOO_LONG);
}

EvwStatus
e3_open_find(const E3Call *call, const E3App **app)
{
	EvwStatus status = check_request(&call->request);

	if (status != EVW_OK)
		return status;
	*app = e3_keyring_find(call->keyring, call->request.header.app);
	return *app != NULL ? EVW_OK : EVW_UNKNOWN_APP;
}

E3Opening *
e3_opening_new(E3Call *call, const E3App *app)
{
	E3Opening *opening = calloc(1, sizeof(E3Opening));

	if (opening == NULL)
		return NULL;
	e3_buf_init(&opening->side);
	opening->call = call;
	opening->app = app;
	evw_column_open(&opening->cursor, &call->request.values);
	e3_contexts_open(&opening->contexts, &call->request);
	opening->key.aes = e3_secret_alloc(E3_AES_KEY_LEN);
	if (opening->key.aes != NULL &&
		evw_buf_extend(&opening->side,
					   (size_t) 5 * evw_column_count(&call->request.values)) != NULL)
		return opening;
	e3_opening_free(opening);
	return NULL;
}

/*
 * Each value is shorter by what an envelope has at least, unless it is none: then the
 * reply may have to grow.  What is not needed would have to be wiped all the same.
 */
static size_t
reply_size(const EvwRequest *request)
{
	size_t count = evw_column_count(&request->values);
	size_t bytes = request->values.bytes.len;
	size_t less = count * EVW_ENVELOPE_MIN;

	return E3_REPLY_OVERHEAD + 5 * count + (bytes > less ? bytes - less : 0);
}

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	const EvwRequest *request = &call->request;
	const E3App *app;
	E3Opening *opening;
	EvwStatus status = e3_open_find(call, &app);

	(void) worker;
	if (status != EVW_OK)
		return status;
	opening = e3_opening_new(call, app);
	if (opening == NULL)
		return EVW_BUSY;
	call->state = opening;
	call->free_state = free_opening;
	if (!e3_buf_grow(&call->reply, reply_size(request)))
		return EVW_OUT_OF_MEMORY;
	opening->mark = evw_result_begin(&call->reply, request->id, 0);
	opening->column = evw_write_bin_begin(&call->reply);
	return call->reply.status;
}

/* The plaintexts' column is closed, and the two others come from the side. */
static void
write_columns(E3Opening *opening)
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
	E3Opening *opening = call->state;
	EvwStatus status = e3_open_values(worker, opening, more);

	if (status != EVW_OK || *more)
		return status;
	write_columns(opening);
	evw_result_end(&call->reply, opening->mark, e3_clock_ns() - call->arrived_ns,
				   opening->hits);
	return call->reply.status;
}

const E3Operation e3_rpc_decrypt = {.begin = begin, .resume = resume};
