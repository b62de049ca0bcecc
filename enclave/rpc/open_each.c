/*
 * rpc/open_each.c
 *	  Opening short values together that have a key each, where the cache has all of
 *	  these: rows that were inserted one by one, or that come in another order.
 *
 * Each step is done for all of them before the next: to look a key up waits for memory,
 * and what was written just before is slow to be read back (crypto/aead.h); so the
 * others' work fills the time.  Keys come from the cache with their schedules, which it
 * takes longer to make than to open a value.
 */
#include "rpc/opening.h"

#include "base/secret.h"

#include <string.h>

/*
 * Of a worker's groups that find the cache full, one in so many looks for places that are
 * not used any more.  Where keys are read in turns that are less than so many times as
 * many as places, each place is used again before it is looked at again, and none changes
 * hands.
 */
#define REPLACE_IN 4

typedef struct Group
{
	size_t n;
	size_t bytes; /* of the values */
	EvwEnvelope envelopes[E3_OPEN_EACH];
	E3DerivedId ids[E3_OPEN_EACH];
	uint32_t hashes[E3_OPEN_EACH];
	E3Aad aads[E3_OPEN_EACH];
	E3AeadKey keys[E3_OPEN_EACH];
	E3AeadItem items[E3_OPEN_EACH];
	const void *made[E3_OPEN_EACH]; /* schedules that the cache did not have */
	bool any_made;
	bool has_room; /* had the cache, for more of them */
} Group;

/*
 * A long value is finished first.  Keys that have to be agreed on come from elsewhere, as
 * do those that have been already; a context is hashed for each value; and what may have
 * been mixed up is tried twice.
 */
static bool
is_of_use(const E3Opening *opening)
{
	return opening->schedules != NULL && opening->key.was_cached &&
		   !opening->large.begun && !opening->contexts.given && !opening->try_mix &&
		   (opening->ahead == NULL || opening->ahead->n == 0);
}

/* The pair of a value that can be opened here; NULL if this is none. */
static const E3KeyPair *
find_pair(const E3Opening *opening, EvwBytes value, EvwEnvelope *envelope)
{
	const E3KeyVersion *version;

	if (e3_open_check(value, false, envelope) != EVW_OK ||
		!evw_hint_known(envelope->hint))
		return NULL;
	version = e3_app_find_hint(opening->app, envelope->info->curve, envelope->hint);
	return version != NULL ? version->pairs[envelope->info->curve] : NULL;
}

static void
append(Group *group, const E3KeyPair *pair, EvwBytes value)
{
	const EvwEnvelope *envelope = &group->envelopes[group->n];

	e3_derived_id(&group->ids[group->n], pair, envelope->info->kdf, envelope->epk);
	e3_aad_prepare(&group->aads[group->n], envelope->epk, pair);
	group->bytes += value.len;
	group->n++;
}

static void
drop_last(Group *group)
{
	group->n--;
	group->bytes -= EVW_ENVELOPE_HEAD + group->envelopes[group->n].sealed.len;
}

/*
 * Up to the first that can't be opened here.  Neighbours with one key are opened quicker
 * by themselves (open_run.c), so the group ends before the first of them.
 */
static void
gather(const E3Opening *opening, Group *group)
{
	const E3Call *call = opening->call;
	size_t most = evw_column_count(&call->request.values) - call->done;
	size_t room = call->reply.cap - call->reply.len;
	const uint8_t *before = opening->key.epk;
	EvwColumnCursor cursor = opening->cursor;

	most = most < E3_OPEN_EACH ? most : E3_OPEN_EACH;
	room = room < E3_RUN_BYTES ? room : E3_RUN_BYTES;
	group->n = 0;
	group->bytes = 0;
	while (group->n < most)
	{
		EvwBytes value = evw_column_next(&cursor);
		EvwEnvelope *envelope = &group->envelopes[group->n];
		const E3KeyPair *pair = find_pair(opening, value, envelope);

		if (pair == NULL || group->bytes + value.len > room)
			return;
		if (memcmp(envelope->epk, before, EVW_POINT_LEN) == 0)
			break;
		before = envelope->epk;
		append(group, pair, value);
	}
	if (group->n > 0 && group->n < most)
		drop_last(group);
}

/* The cache's schedule, or if it has none, one of the worker's, made from the key. */
static const void *
schedule_of(E3Opening *opening, Group *group, size_t i, const E3DerivedSecrets *secrets)
{
	void *made;

	group->made[i] = NULL;
	if (secrets->schedule != NULL)
		return secrets->schedule;
	made = opening->schedules + i * e3_aead_schedule_len(opening->scratch);
	e3_aead_expand(opening->scratch, secrets->key, made);
	group->made[i] = made;
	group->any_made = true;
	return made;
}

/* The group ends at the first key that the cache, which is held, does not have. */
static void
find_schedules(E3Opening *opening, Group *group)
{
	group->any_made = false;
	for (size_t i = 0; i < group->n; i++)
		e3_derived_prefetch_entry(opening->cache, group->hashes[i]);
	for (size_t i = 0; i < group->n; i++)
	{
		E3DerivedSecrets secrets;

		if (e3_derived_look(opening->cache, &group->ids[i], group->hashes[i], &secrets))
			group->keys[i].schedule = schedule_of(opening, group, i, &secrets);
		else
			group->n = i;
	}
}

/* They are opened one after the other behind the reply's end, which has room. */
static void
open_group(E3Opening *opening, Group *group)
{
	const EvwBuf *reply = &opening->call->reply;
	uint8_t *out = reply->data + reply->len;

	for (size_t i = 0; i < group->n; i++)
	{
		const EvwEnvelope *envelope = &group->envelopes[i];

		group->keys[i].aad =
			e3_aad_for(&group->aads[i], envelope->info, envelope->datatype);
		group->items[i] =
			(E3AeadItem){.out = out, .iv = envelope->iv, .in = envelope->sealed};
		out += envelope->sealed.len - EVW_TAG_LEN;
	}
	e3_aead_open_each(opening->scratch, group->keys, group->items, group->n);
}

/*
 * For the next time; what was made for this is wiped.  Where another schedule has to go
 * for it, that is done now and then, and only if nobody reads the cache: whoever waits
 * for a reader, who may not be running, makes all the others wait as well.
 */
static void
keep_made(E3Opening *opening, const Group *group)
{
	size_t len = e3_aead_schedule_len(opening->scratch);

	if (group->has_room || (*opening->crowded)++ % REPLACE_IN == 0)
		e3_derived_keep(opening->cache, group->ids, group->hashes, group->made, group->n,
						group->has_room);
	for (size_t i = 0; i < group->n; i++)
		if (group->made[i] != NULL)
			e3_wipe(opening->schedules + i * len, len);
}

/* False if there is nothing to open here. */
static bool
open_from_cache(E3Opening *opening, Group *group)
{
	for (size_t i = 0; i < group->n; i++)
	{
		group->hashes[i] = e3_derived_hash(opening->cache, &group->ids[i]);
		e3_derived_prefetch(opening->cache, group->hashes[i]);
	}
	if (group->n == 0 || !e3_derived_hold(opening->cache))
		return false;
	find_schedules(opening, group);
	group->has_room = e3_derived_has_room(opening->cache);
	open_group(opening, group);
	e3_derived_release(opening->cache);
	if (group->any_made)
		keep_made(opening, group);
	return group->n > 0;
}

EvwStatus
e3_open_each(E3Opening *opening, bool *any)
{
	EvwStatus status = EVW_OK;
	Group group;

	*any = false;
	if (!is_of_use(opening))
		return EVW_OK;
	gather(opening, &group);
	*any = open_from_cache(opening, &group);
	if (!*any)
		return EVW_OK;
	opening->like = NULL;
	opening->hits += (uint32_t) group.n;
	opening->call->spent += (uint32_t) (group.bytes + (group.n - 1) * E3_COST_VALUE);
	for (size_t i = 0; i < group.n && status == EVW_OK; i++)
	{
		(void) evw_column_next(&opening->cursor);
		status = e3_open_settle(opening, &group.envelopes[i], &group.items[i]);
	}
	return status;
}
