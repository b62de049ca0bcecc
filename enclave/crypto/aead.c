/*
 * crypto/aead.c
 *	  AES-256-GCM for everybody: checks before the backend, wipes after it.
 */
#include "crypto/aead.h"

#include "base/secret.h"
#include "crypto/aead_backend.h"
#include "crypto/scratch_private.h"

#include <limits.h>
#include <stdlib.h>

EvwStatus
e3_aead_set_key(E3Scratch *scratch, const uint8_t key[E3_AES_KEY_LEN])
{
	return scratch->aead->set_key(scratch->cipher, key) ? EVW_OK : EVW_CRYPTO_FAILED;
}

/* No backend takes more at once, and no value is as long. */
static bool
too_long(EvwBytes bytes)
{
	return bytes.len > INT_MAX;
}

static void
wipe_sealed(EvwBytes head, const E3AeadItem *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		e3_wipe(items[i].out, head.len + items[i].in.len + EVW_TAG_LEN);
}

EvwStatus
e3_aead_seal_many(E3Scratch *scratch, EvwBytes aad, EvwBytes head,
				  const E3AeadItem items[], size_t n)
{
	if (too_long(aad) || too_long(head))
		return EVW_CRYPTO_FAILED;
	for (size_t i = 0; i < n; i++)
		if (too_long(items[i].in))
			return EVW_CRYPTO_FAILED;
	if (scratch->aead->seal(scratch->cipher, aad, head, items, n))
		return EVW_OK;
	wipe_sealed(head, items, n);
	return EVW_CRYPTO_FAILED;
}

/* Can it be handed to a backend? */
static EvwStatus
check_sealed(EvwBytes aad, EvwBytes sealed)
{
	if (sealed.len < EVW_TAG_LEN)
		return EVW_DOES_NOT_OPEN;
	return too_long(aad) || too_long(sealed) ? EVW_CRYPTO_FAILED : EVW_OK;
}

static void
wipe_unless_opened(const E3AeadItem *item)
{
	if (item->status != EVW_OK && item->in.len > EVW_TAG_LEN)
		e3_wipe(item->out, item->in.len - EVW_TAG_LEN);
}

void
e3_aead_open_many(E3Scratch *scratch, EvwBytes aad, E3AeadItem items[], size_t n)
{
	EvwStatus status = EVW_OK;

	for (size_t i = 0; i < n && status == EVW_OK; i++)
		status = check_sealed(aad, items[i].in);
	if (status == EVW_OK)
		scratch->aead->unseal(scratch->cipher, aad, items, n);
	for (size_t i = 0; i < n; i++)
		if (status != EVW_OK)
			items[i].status = status;
		else
			wipe_unless_opened(&items[i]);
}

size_t
e3_aead_schedule_len(const E3Scratch *scratch)
{
	return scratch->aead->schedule_len;
}

void
e3_aead_expand(const E3Scratch *scratch, const uint8_t key[E3_AES_KEY_LEN],
			   void *schedule)
{
	scratch->aead->expand(key, schedule);
}

void
e3_aead_open_each(E3Scratch *scratch, const E3AeadKey keys[], E3AeadItem items[],
				  size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		items[i].status = check_sealed(keys[i].aad, items[i].in);
		if (items[i].status != EVW_OK)
			continue;
		scratch->aead->unseal_under(scratch->cipher, keys[i].schedule, keys[i].aad,
									&items[i]);
		wipe_unless_opened(&items[i]);
	}
}

EvwStatus
e3_aead_seal(E3Scratch *scratch, uint8_t *out, const uint8_t iv[EVW_IV_LEN], EvwBytes aad,
			 EvwBytes head, EvwBytes body)
{
	const E3AeadItem item = {.out = out, .iv = iv, .in = body};

	return e3_aead_seal_many(scratch, aad, head, &item, 1);
}

EvwStatus
e3_aead_open(E3Scratch *scratch, uint8_t *out, const uint8_t iv[EVW_IV_LEN], EvwBytes aad,
			 EvwBytes sealed)
{
	E3AeadItem item = {.out = out, .iv = iv, .in = sealed};

	e3_aead_open_many(scratch, aad, &item, 1);
	return item.status;
}

struct E3AeadStream
{
	const E3AeadBackend *backend;
	void *context;
	E3AeadDirection direction;
	bool ended; /* by its tag */
};

EvwStatus
e3_aead_stream_begin(const E3Scratch *scratch, E3AeadStream **stream,
					 const uint8_t key[E3_AES_KEY_LEN], const uint8_t iv[EVW_IV_LEN],
					 EvwBytes aad, E3AeadDirection direction)
{
	E3AeadStream *made = calloc(1, sizeof(*made));
	EvwStatus status = EVW_OUT_OF_MEMORY;

	*stream = NULL;
	if (made == NULL)
		return status;
	made->backend = scratch->aead;
	made->direction = direction;
	made->context = made->backend->open();
	if (made->context != NULL)
		status = !too_long(aad) && made->backend->set_key(made->context, key) &&
						 made->backend->begin(made->context, iv, aad, direction)
					 ? EVW_OK
					 : EVW_CRYPTO_FAILED;
	if (status == EVW_OK)
		*stream = made;
	else
		e3_aead_stream_free(made);
	return status;
}

EvwStatus
e3_aead_stream_update(E3AeadStream *stream, uint8_t *out, EvwBytes in)
{
	if (in.len == 0)
		return EVW_OK;
	if (!stream->ended && !too_long(in) &&
		stream->backend->update(stream->context, out, in))
		return EVW_OK;
	e3_wipe(out, in.len);
	return EVW_CRYPTO_FAILED;
}

/* A stream ends once, the way it was begun. */
static bool
may_end(E3AeadStream *stream, E3AeadDirection direction)
{
	bool may = stream->direction == direction && !stream->ended;

	stream->ended = true;
	return may;
}

EvwStatus
e3_aead_stream_tag(E3AeadStream *stream, uint8_t tag[EVW_TAG_LEN])
{
	if (may_end(stream, E3_AEAD_SEAL) && stream->backend->make_tag(stream->context, tag))
		return EVW_OK;
	return EVW_CRYPTO_FAILED;
}

EvwStatus
e3_aead_stream_check(E3AeadStream *stream, const uint8_t tag[EVW_TAG_LEN])
{
	return may_end(stream, E3_AEAD_OPEN)
			   ? stream->backend->check_tag(stream->context, tag)
			   : EVW_CRYPTO_FAILED;
}

void
e3_aead_stream_free(E3AeadStream *stream)
{
	if (stream == NULL)
		return;
	stream->backend->close(stream->context);
	free(stream);
}
