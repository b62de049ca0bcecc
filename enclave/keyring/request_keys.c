/*
 * keyring/request_keys.c
 *	  Request keys that are made ahead.
 *
 * Locking law: one mutex around the shelves; agreements are made outside of it, and
 * what comes of them is put on a shelf only if that is still the same one.
 */
#include "keyring/request_keys.h"

#include "base/secret.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STOCK_MAX 8 /* keys made in one go */

/* What keys of one kind are made with. */
typedef struct Recipe
{
	E3Keyring *keyring; /* holds the pair; a reference; NULL: an empty shelf */
	const E3KeyPair *pair;
	const EvwTagInfo *info;
} Recipe;

typedef struct Shelf
{
	Recipe recipe;
	uint64_t serial; /* of the recipe, so that no other is taken for it */
	uint64_t used;	 /* number of the last take */
	uint32_t count;
	E3RequestKey *keys; /* in locked memory */
} Shelf;

struct E3RequestKeys
{
	pthread_mutex_t mutex;
	E3Locked locked;
	uint32_t per_shelf;
	uint64_t takes;
	uint64_t serials;
	uint64_t generation; /* of the keyring: shelves are set up for no older one */
	Shelf shelves[E3_SHELVES];
};

E3RequestKeys *
e3_request_keys_new(uint32_t per_shelf)
{
	E3RequestKeys *keys = calloc(1, sizeof(E3RequestKeys));
	E3RequestKey *at;

	if (keys == NULL)
		return NULL;
	keys->per_shelf = per_shelf;
	if ((per_shelf > 0 && !e3_locked_map(&keys->locked, (size_t) E3_SHELVES * per_shelf *
															sizeof(E3RequestKey))) ||
		pthread_mutex_init(&keys->mutex, NULL) != 0)
	{
		e3_locked_unmap(&keys->locked);
		free(keys);
		return NULL;
	}
	at = keys->locked.at;
	for (int i = 0; per_shelf > 0 && i < E3_SHELVES; i++)
		keys->shelves[i].keys = at + (size_t) i * per_shelf;
	return keys;
}

/* With the mutex held. */
static void
clear_shelf(Shelf *shelf)
{
	e3_wipe(shelf->keys, shelf->count * sizeof(E3RequestKey));
	shelf->count = 0;
	if (shelf->recipe.keyring != NULL)
		e3_keyring_release(shelf->recipe.keyring);
	shelf->recipe = (Recipe){NULL, NULL, NULL};
}

void
e3_request_keys_clear(E3RequestKeys *keys, uint64_t generation)
{
	pthread_mutex_lock(&keys->mutex);
	keys->generation = generation;
	for (int i = 0; i < E3_SHELVES; i++)
		clear_shelf(&keys->shelves[i]);
	pthread_mutex_unlock(&keys->mutex);
}

void
e3_request_keys_free(E3RequestKeys *keys)
{
	if (keys == NULL)
		return;
	e3_request_keys_clear(keys, UINT64_MAX);
	e3_locked_unmap(&keys->locked);
	(void) pthread_mutex_destroy(&keys->mutex);
	free(keys);
}

static bool
is_for(const Shelf *shelf, const E3KeyPair *pair, const EvwTagInfo *info)
{
	return shelf->recipe.keyring != NULL && shelf->recipe.info->kdf == info->kdf &&
		   memcmp(e3_key_pair_public(shelf->recipe.pair), e3_key_pair_public(pair),
				  EVW_POINT_LEN) == 0;
}

/* The shelf of this kind, or the one that gives way to it. */
static Shelf *
find_shelf(E3RequestKeys *keys, const E3KeyPair *pair, const EvwTagInfo *info)
{
	Shelf *oldest = &keys->shelves[0];

	for (int i = 0; i < E3_SHELVES; i++)
	{
		Shelf *shelf = &keys->shelves[i];

		if (is_for(shelf, pair, info))
			return shelf;
		if (shelf->used < oldest->used)
			oldest = shelf;
	}
	return oldest;
}

/* One from the shelf; false if it is empty, or has just been set up. */
static bool
take_ready(E3RequestKeys *keys, E3Keyring *keyring, const E3KeyPair *pair,
		   const EvwTagInfo *info, E3RequestKey *key)
{
	Shelf *shelf;
	bool ready;

	pthread_mutex_lock(&keys->mutex);
	shelf = find_shelf(keys, pair, info);
	if (!is_for(shelf, pair, info))
	{
		/* A request that began with the keyring before: it would pin its keys. */
		if (e3_keyring_generation(keyring) < keys->generation)
		{
			pthread_mutex_unlock(&keys->mutex);
			return false;
		}
		clear_shelf(shelf);
		shelf->recipe = (Recipe){e3_keyring_retain(keyring), pair, info};
		shelf->serial = ++keys->serials;
	}
	shelf->used = ++keys->takes;
	ready = shelf->count > 0;
	if (ready)
	{
		E3RequestKey *last = &shelf->keys[--shelf->count];

		*key = *last;
		e3_wipe(last, sizeof(*last));
	}
	pthread_mutex_unlock(&keys->mutex);
	return ready;
}

/* Fresh keys by a recipe; on failure all are wiped. */
static EvwStatus
make(E3Scratch *scratch, const Recipe *recipe, E3RequestKey *made, size_t n)
{
	uint8_t epks[STOCK_MAX][EVW_POINT_LEN];
	E3Agreement agreements[STOCK_MAX];
	EvwStatus status =
		e3_agree_ephemeral_many(scratch, recipe->pair, n, epks, agreements);

	for (size_t i = 0; status == EVW_OK && i < n; i++)
	{
		memcpy(made[i].epk, epks[i], EVW_POINT_LEN);
		status = e3_kdf_key(scratch, recipe->info, &agreements[i], made[i].key);
		if (status == EVW_OK)
			status = e3_random(made[i].iv_base, EVW_IV_LEN);
	}
	e3_wipe(agreements, sizeof(agreements));
	if (status != EVW_OK)
		e3_wipe(made, n * sizeof(*made));
	return status;
}

EvwStatus
e3_request_keys_take(E3RequestKeys *keys, E3Scratch *scratch, E3Keyring *keyring,
					 const E3KeyPair *pair, const EvwTagInfo *info, E3RequestKey *key,
					 bool *was_ready)
{
	const Recipe recipe = {keyring, pair, info};

	*was_ready = keys->per_shelf > 0 && take_ready(keys, keyring, pair, info, key);
	return *was_ready ? EVW_OK : make(scratch, &recipe, key, 1);
}

/* The recipe of the shelf that has the fewest, with a reference; 0 if all are full. */
static uint64_t
choose_recipe(E3RequestKeys *keys, Recipe *recipe)
{
	const Shelf *poorest = NULL;
	uint64_t serial = 0;

	pthread_mutex_lock(&keys->mutex);
	for (int i = 0; i < E3_SHELVES; i++)
	{
		const Shelf *shelf = &keys->shelves[i];

		if (shelf->recipe.keyring != NULL && shelf->count < keys->per_shelf &&
			(poorest == NULL || shelf->count < poorest->count))
			poorest = shelf;
	}
	if (poorest != NULL)
	{
		*recipe = poorest->recipe;
		(void) e3_keyring_retain(recipe->keyring);
		serial = poorest->serial;
	}
	pthread_mutex_unlock(&keys->mutex);
	return serial;
}

static void
put(E3RequestKeys *keys, uint64_t serial, const E3RequestKey *made, size_t n)
{
	pthread_mutex_lock(&keys->mutex);
	for (int i = 0; i < E3_SHELVES; i++)
	{
		Shelf *shelf = &keys->shelves[i];

		if (shelf->serial != serial || shelf->recipe.keyring == NULL)
			continue;
		for (size_t k = 0; k < n && shelf->count < keys->per_shelf; k++)
			shelf->keys[shelf->count++] = made[k];
	}
	pthread_mutex_unlock(&keys->mutex);
}

bool
e3_request_keys_stock(E3RequestKeys *keys, E3Scratch *scratch)
{
	E3RequestKey made[STOCK_MAX];
	Recipe recipe;
	uint64_t serial = choose_recipe(keys, &recipe);
	size_t n;
	EvwStatus status;

	if (serial == 0)
		return false;
	n = e3_agree_at_once(scratch, recipe.pair);
	n = n < STOCK_MAX ? n : STOCK_MAX;
	status = make(scratch, &recipe, made, n);
	if (status == EVW_OK)
		put(keys, serial, made, n);
	e3_wipe(made, sizeof(made));
	e3_keyring_release(recipe.keyring);
	return status == EVW_OK;
}

uint32_t
e3_request_keys_count(E3RequestKeys *keys)
{
	uint32_t count = 0;

	pthread_mutex_lock(&keys->mutex);
	for (int i = 0; i < E3_SHELVES; i++)
		count += keys->shelves[i].count;
	pthread_mutex_unlock(&keys->mutex);
	return count;
}
