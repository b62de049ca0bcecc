/*
 * rpc/open_large.c
 *	  Opening a long value in pieces, so that others get their turn in between.
 *
 * Whether a key is the right one is known only at the end: with no hint every
 * version of the app's keys means the whole way again.
 */
#include "rpc/opening.h"

#include "base/secret.h"
#include "rpc/key_mix.h"

#include <string.h>

/* The versions that come into question, in order; NULL after the last. */
static const E3KeyVersion *
candidate(const E3Opening *opening)
{
	const E3LargeValue *large = &opening->large;

	if (!evw_hint_known(large->envelope.hint))
		return large->candidate < opening->app->n_versions
				   ? &opening->app->versions[large->candidate]
				   : NULL;
	if (large->candidate > 0)
		return NULL;
	return e3_app_find_hint(opening->app, large->envelope.info->curve,
							large->envelope.hint);
}

static EvwStatus
begin(E3Opening *opening)
{
	E3LargeValue *large = &opening->large;
	EvwBuf *reply = &opening->call->reply;
	EvwStatus status = e3_open_check(evw_column_next(&opening->cursor),
									 opening->contexts.given, &large->envelope);

	if (status != EVW_OK)
		return status;
	opening->like = NULL;
	large->start = reply->len;
	if (evw_buf_extend(reply, large->envelope.sealed.len - EVW_TAG_LEN) == NULL)
		return reply->status;
	large->begun = true;
	large->is_mixed = false;
	large->candidate = 0;
	large->stream = NULL;
	return EVW_OK;
}

static EvwStatus
finish(E3Opening *opening, EvwStatus status, bool *finished)
{
	E3LargeValue *large = &opening->large;
	EvwBuf *reply = &opening->call->reply;

	*finished = true;
	large->begun = false;
	e3_aead_stream_free(large->stream);
	large->stream = NULL;
	reply->len = large->start;
	return e3_open_finish(opening, &large->envelope, reply->data + large->start,
						  large->envelope.sealed.len - EVW_TAG_LEN, status);
}

/* None opens it; but perhaps its key is one of those that were mixed up. */
static bool
mix_key(E3Opening *opening)
{
	E3LargeValue *large = &opening->large;
	EvwEnvelope mixed;

	if (!opening->try_mix || large->is_mixed || large->candidate == 0 ||
		!e3_key_mix(&large->envelope, &mixed))
		return false;
	large->envelope = mixed;
	large->is_mixed = true;
	large->candidate = 0;
	return true;
}

/* With the next key that comes into question, if there is one. */
static EvwStatus
begin_stream(E3Opening *opening, bool *finished)
{
	E3LargeValue *large = &opening->large;
	const EvwEnvelope *envelope = &large->envelope;
	const E3KeyVersion *version = candidate(opening);
	EvwStatus status = EVW_OK;

	if (version == NULL && mix_key(opening))
		return EVW_OK;
	if (version == NULL)
		return finish(opening,
					  large->candidate == 0 ? EVW_UNKNOWN_KEY : EVW_DOES_NOT_OPEN,
					  finished);
	if (e3_key_at_hand(&opening->key, version, envelope))
		opening->hits++;
	else
		status = e3_derive_key(opening, version, envelope);
	if (status == EVW_OK)
		status =
			e3_contexts_bind(&opening->contexts, opening->scratch, &opening->key.aad);
	if (status == EVW_OK)
		status = e3_aead_stream_begin(opening->scratch, &large->stream, opening->key.aes,
									  envelope->iv,
									  e3_aad_for(&opening->key.aad, envelope->info,
												 envelope->datatype),
									  E3_AEAD_OPEN);
	large->done = 0;
	/* Others have the locked memory, but not for long. */
	if (status == EVW_OUT_OF_MEMORY)
		status = EVW_BUSY;
	return status == EVW_OK ? EVW_OK : finish(opening, status, finished);
}

/* The tag says whether it was the right key. */
static EvwStatus
check(E3Opening *opening, bool *finished)
{
	E3LargeValue *large = &opening->large;
	const EvwBytes sealed = large->envelope.sealed;
	EvwStatus status =
		e3_aead_stream_check(large->stream, sealed.data + sealed.len - EVW_TAG_LEN);

	if (status == EVW_DOES_NOT_OPEN)
	{
		e3_aead_stream_free(large->stream);
		large->stream = NULL;
		large->candidate++;
		return EVW_OK;
	}
	if (status == EVW_OK)
	{
		e3_prove_key(opening);
		opening->mixed += large->is_mixed;
	}
	return finish(opening, status, finished);
}

EvwStatus
e3_open_large(E3Opening *opening, bool *finished)
{
	E3LargeValue *large = &opening->large;
	uint8_t *out;
	size_t rest;
	EvwStatus status;

	*finished = false;
	if (!large->begun)
	{
		status = begin(opening);
		*finished = status != EVW_OK;
		return status;
	}
	if (large->stream == NULL)
		return begin_stream(opening, finished);
	out = opening->call->reply.data + large->start + large->done;
	rest = large->envelope.sealed.len - EVW_TAG_LEN - large->done;
	rest = rest < E3_PIECE ? rest : E3_PIECE;
	status = e3_aead_stream_update(large->stream, out,
								   (EvwBytes){large->envelope.sealed.data + large->done,
											  rest});
	large->done += rest;
	if (status != EVW_OK)
		return finish(opening, status, finished);
	if (large->done < large->envelope.sealed.len - EVW_TAG_LEN)
		return EVW_OK;
	return check(opening, finished);
}
