/*
 * rpc/agree_ahead.c
 *	  Key agreements for values that come soon, together with one that is needed now,
 *	  where the library does several at the cost of little more than one.
 */
#include "rpc/opening.h"

#include "base/secret.h"

#include <string.h>

/* Values that are looked at for ephemeral keys that nobody has seen. */
#define LOOK_AHEAD 64

static bool
is_same(const E3DerivedId *a, const E3DerivedId *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
is_gathered(const E3Ahead *ahead, const E3DerivedId *id)
{
	for (size_t i = 0; i < ahead->n; i++)
		if (is_same(&ahead->ids[i], id))
			return true;
	return false;
}

/* Adds the key of a value, if an agreement on this curve will have to be made for it. */
static void
gather(E3Opening *opening, EvwCurve curve, EvwBytes value, const E3KeyPair **pairs)
{
	E3Ahead *ahead = opening->ahead;
	E3DerivedId *id = &ahead->ids[ahead->n];
	const E3KeyVersion *version;
	EvwEnvelope envelope;

	if (e3_open_check(value, opening->contexts.given, &envelope) != EVW_OK ||
		envelope.info->curve != curve || !evw_hint_known(envelope.hint))
		return;
	version = e3_app_find_hint(opening->app, curve, envelope.hint);
	if (version == NULL)
		return;
	e3_derived_id(id, version->pairs[curve], envelope.info->kdf, envelope.epk);
	if (is_gathered(ahead, id) ||
		e3_derived_find(opening->cache, id, ahead->keys[ahead->n]))
		return;
	ahead->infos[ahead->n] = envelope.info;
	pairs[ahead->n++] = version->pairs[curve];
}

/* The key that is needed comes first, then those of the values that are next. */
static void
gather_all(E3Opening *opening, size_t most, const E3KeyPair **pairs,
		   const EvwEnvelope *envelope)
{
	E3Ahead *ahead = opening->ahead;
	E3Call *call = opening->call;
	uint32_t rest = evw_column_count(&call->request.values) - call->done - 1;
	EvwColumnCursor cursor = opening->cursor;

	e3_derived_id(&ahead->ids[0], pairs[0], envelope->info->kdf, envelope->epk);
	ahead->infos[0] = envelope->info;
	ahead->n = 1;
	rest = rest < LOOK_AHEAD ? rest : LOOK_AHEAD;
	for (uint32_t i = 0; i < rest && ahead->n < most; i++)
		gather(opening, envelope->info->curve, evw_column_next(&cursor), pairs);
}

static void
agree_all(E3Opening *opening, const E3KeyPair *const *pairs)
{
	E3Ahead *ahead = opening->ahead;
	E3Agreement agreements[E3_AHEAD_KEYS];
	const uint8_t *epks[E3_AHEAD_KEYS];

	for (size_t i = 0; i < ahead->n; i++)
		epks[i] = ahead->ids[i].epk;
	e3_agree_with_many(opening->scratch, ahead->n, pairs, epks, agreements,
					   ahead->statuses);
	for (size_t i = 0; i < ahead->n; i++)
		if (ahead->statuses[i] == EVW_OK)
			ahead->statuses[i] = e3_kdf_key(opening->scratch, ahead->infos[i],
											&agreements[i], ahead->keys[i]);
	e3_wipe(agreements, sizeof(agreements));
	opening->call->spent += (uint32_t) ahead->n * E3_COST_AGREEMENT;
}

static void
drop(E3Ahead *ahead, size_t i)
{
	size_t last = --ahead->n;

	ahead->ids[i] = ahead->ids[last];
	ahead->statuses[i] = ahead->statuses[last];
	memcpy(ahead->keys[i], ahead->keys[last], E3_AES_KEY_LEN);
	e3_wipe(ahead->keys[last], E3_AES_KEY_LEN);
}

/* Hands out the key of this number, which is then no longer there. */
static EvwStatus
take(E3Ahead *ahead, size_t i, uint8_t key[E3_AES_KEY_LEN])
{
	EvwStatus status = ahead->statuses[i];

	if (status == EVW_OK)
		memcpy(key, ahead->keys[i], E3_AES_KEY_LEN);
	drop(ahead, i);
	return status;
}

void
e3_ahead_forget(E3Ahead *ahead, const E3DerivedId *id)
{
	for (size_t i = 0; ahead != NULL && i < ahead->n; i++)
		if (is_same(&ahead->ids[i], id))
			drop(ahead, i);
}

bool
e3_ahead_find(E3Ahead *ahead, const E3DerivedId *id, uint8_t key[E3_AES_KEY_LEN],
			  EvwStatus *status)
{
	for (size_t i = 0; ahead != NULL && i < ahead->n; i++)
		if (is_same(&ahead->ids[i], id))
		{
			*status = take(ahead, i, key);
			return true;
		}
	return false;
}

bool
e3_ahead_agree(E3Opening *opening, const E3KeyPair *pair, const EvwEnvelope *envelope,
			   uint8_t key[E3_AES_KEY_LEN], EvwStatus *status)
{
	const E3KeyPair *pairs[E3_AHEAD_KEYS] = {pair};
	size_t most = e3_agree_at_once(opening->scratch, pair);

	most = most < E3_AHEAD_KEYS ? most : E3_AHEAD_KEYS;
	if (most == 1 || !evw_hint_known(envelope->hint))
		return false;
	if (opening->ahead == NULL)
		opening->ahead = e3_secret_alloc(sizeof(E3Ahead));
	/* Others are waiting to be asked for; without memory it goes without. */
	if (opening->ahead == NULL || opening->ahead->n > 0)
		return false;
	gather_all(opening, most, pairs, envelope);
	agree_all(opening, pairs);
	*status = take(opening->ahead, 0, key);
	return true;
}
