/*
 * keyring/derived.c
 *	  A cache of derived keys.
 *
 * Shards, each with a lock, a hash table and a list in order of use, so that
 * workers seldom meet.  Entries are numbers into arrays made at start: nothing is
 * allocated later.
 *
 * Locking law: one shard's mutex at a time, and nothing is computed under it.
 */
#include "keyring/derived.h"

#include "base/secret.h"
#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS 16
#define NONE UINT32_MAX

/* An id as words, the last one filled up with zeros. */
#define ID_WORDS ((sizeof(E3DerivedId) + 3) / 4)

typedef struct Entry
{
	E3DerivedId id;
	uint32_t chain; /* next in its bucket, or among the free */
	uint32_t older; /* in order of use */
	uint32_t newer;
} Entry;

typedef struct Shard
{
	pthread_mutex_t mutex;
	uint64_t generation; /* of the keyring: nothing is added from an older one */
	uint32_t capacity;
	uint32_t count;
	uint32_t mask; /* of buckets */
	uint32_t *buckets;
	Entry *entries;
	uint8_t (*keys)[E3_AES_KEY_LEN]; /* in locked memory */
	uint32_t free;
	uint32_t newest;
	uint32_t oldest;
} Shard;

struct E3DerivedKeys
{
	E3Locked locked;
	uint64_t multipliers[ID_WORDS + 1]; /* of the hash */
	uint32_t capacity;
	Shard shards[SHARDS];
};

/*
 * Multiply-shift over the words: for secret random multipliers strongly universal
 * (Dietzfelbinger 1996), so that nobody can choose ids that collide.
 */
static uint32_t
hash(const E3DerivedKeys *cache, const E3DerivedId *id)
{
	uint32_t words[ID_WORDS] = {0};
	uint64_t sum = cache->multipliers[ID_WORDS];

	memcpy(words, id, sizeof(*id));
	for (size_t i = 0; i < ID_WORDS; i++)
		sum += cache->multipliers[i] * words[i];
	return (uint32_t) (sum >> 32);
}

static Shard *
shard_of(E3DerivedKeys *cache, uint32_t hashed)
{
	return &cache->shards[hashed % SHARDS];
}

static uint32_t *
bucket_of(Shard *shard, uint32_t hashed)
{
	return &shard->buckets[hashed / SHARDS & shard->mask];
}

/* Everything free, in order. */
static void
make_empty(Shard *shard)
{
	for (uint32_t i = 0; i <= shard->mask; i++)
		shard->buckets[i] = NONE;
	for (uint32_t i = 0; i < shard->capacity; i++)
		shard->entries[i].chain = i + 1 < shard->capacity ? i + 1 : NONE;
	shard->free = 0;
	shard->newest = NONE;
	shard->oldest = NONE;
	shard->count = 0;
}

static bool
init_shard(Shard *shard, uint32_t capacity, void *keys)
{
	uint32_t buckets = 1;

	while (buckets < capacity)
		buckets *= 2;
	shard->capacity = capacity;
	shard->mask = buckets - 1;
	shard->keys = keys;
	shard->buckets = calloc(buckets, sizeof(uint32_t));
	shard->entries = calloc(capacity, sizeof(Entry));
	if (shard->buckets == NULL || shard->entries == NULL)
		return false;
	make_empty(shard);
	return pthread_mutex_init(&shard->mutex, NULL) == 0;
}

static bool
fill(E3DerivedKeys *cache, uint32_t per_shard)
{
	uint8_t *keys;

	if (e3_random((uint8_t *) cache->multipliers, sizeof(cache->multipliers)) != EVW_OK)
		return false;
	if (!e3_locked_map(&cache->locked, (size_t) SHARDS * per_shard * E3_AES_KEY_LEN))
		return false;
	keys = cache->locked.at;
	for (int i = 0; i < SHARDS; i++)
		if (!init_shard(&cache->shards[i], per_shard,
						keys + (size_t) i * per_shard * E3_AES_KEY_LEN))
			return false;
	return true;
}

E3DerivedKeys *
e3_derived_new(uint32_t capacity)
{
	E3DerivedKeys *cache = calloc(1, sizeof(E3DerivedKeys));

	if (cache == NULL)
		return NULL;
	cache->capacity = capacity;
	if (capacity == 0 || fill(cache, (capacity + SHARDS - 1) / SHARDS))
		return cache;
	e3_derived_free(cache);
	return NULL;
}

void
e3_derived_free(E3DerivedKeys *cache)
{
	if (cache == NULL)
		return;
	for (int i = 0; i < SHARDS && cache->capacity > 0; i++)
	{
		free(cache->shards[i].buckets);
		free(cache->shards[i].entries);
	}
	e3_locked_unmap(&cache->locked);
	free(cache);
}

static uint32_t
look_up(const Shard *shard, uint32_t at, const E3DerivedId *id)
{
	while (at != NONE && memcmp(&shard->entries[at].id, id, sizeof(*id)) != 0)
		at = shard->entries[at].chain;
	return at;
}

static void
unlink_use(Shard *shard, const Entry *entry)
{
	if (entry->newer != NONE)
		shard->entries[entry->newer].older = entry->older;
	else
		shard->newest = entry->older;
	if (entry->older != NONE)
		shard->entries[entry->older].newer = entry->newer;
	else
		shard->oldest = entry->newer;
}

static void
link_newest(Shard *shard, uint32_t number)
{
	Entry *entry = &shard->entries[number];

	entry->newer = NONE;
	entry->older = shard->newest;
	if (shard->newest != NONE)
		shard->entries[shard->newest].newer = number;
	else
		shard->oldest = number;
	shard->newest = number;
}

bool
e3_derived_find(E3DerivedKeys *cache, const E3DerivedId *id, uint8_t key[E3_AES_KEY_LEN])
{
	uint32_t hashed;
	Shard *shard;
	uint32_t number;

	if (cache->capacity == 0)
		return false;
	hashed = hash(cache, id);
	shard = shard_of(cache, hashed);
	pthread_mutex_lock(&shard->mutex);
	number = look_up(shard, *bucket_of(shard, hashed), id);
	if (number != NONE)
	{
		memcpy(key, shard->keys[number], E3_AES_KEY_LEN);
		if (number != shard->newest)
		{
			unlink_use(shard, &shard->entries[number]);
			link_newest(shard, number);
		}
	}
	pthread_mutex_unlock(&shard->mutex);
	return number != NONE;
}

/* Wipes the key that was used longest ago; its entry is free. */
static void
evict(E3DerivedKeys *cache, Shard *shard)
{
	uint32_t number = shard->oldest;
	Entry *entry = &shard->entries[number];
	uint32_t *at = bucket_of(shard, hash(cache, &entry->id));

	while (*at != number)
		at = &shard->entries[*at].chain;
	*at = entry->chain;
	unlink_use(shard, entry);
	e3_wipe(shard->keys[number], E3_AES_KEY_LEN);
	entry->chain = shard->free;
	shard->free = number;
	shard->count--;
}

static void
insert(E3DerivedKeys *cache, Shard *shard, uint32_t hashed, const E3DerivedId *id,
	   const uint8_t *key)
{
	uint32_t *bucket = bucket_of(shard, hashed);
	uint32_t number;

	if (shard->free == NONE)
		evict(cache, shard);
	number = shard->free;
	shard->free = shard->entries[number].chain;
	shard->entries[number].id = *id;
	shard->entries[number].chain = *bucket;
	*bucket = number;
	memcpy(shard->keys[number], key, E3_AES_KEY_LEN);
	link_newest(shard, number);
	shard->count++;
}

void
e3_derived_add(E3DerivedKeys *cache, uint64_t generation, const E3DerivedId *id,
			   const uint8_t key[E3_AES_KEY_LEN])
{
	uint32_t hashed;
	Shard *shard;

	if (cache->capacity == 0)
		return;
	hashed = hash(cache, id);
	shard = shard_of(cache, hashed);
	pthread_mutex_lock(&shard->mutex);
	/* A request that began with the keyring before may have a key that is retired now. */
	if (generation >= shard->generation &&
		look_up(shard, *bucket_of(shard, hashed), id) == NONE)
		insert(cache, shard, hashed, id, key);
	pthread_mutex_unlock(&shard->mutex);
}

void
e3_derived_clear(E3DerivedKeys *cache, uint64_t generation)
{
	for (int i = 0; i < SHARDS && cache->capacity > 0; i++)
	{
		Shard *shard = &cache->shards[i];

		pthread_mutex_lock(&shard->mutex);
		e3_wipe(shard->keys, (size_t) shard->capacity * E3_AES_KEY_LEN);
		make_empty(shard);
		shard->generation = generation;
		pthread_mutex_unlock(&shard->mutex);
	}
}

uint32_t
e3_derived_count(E3DerivedKeys *cache)
{
	uint32_t count = 0;

	for (int i = 0; i < SHARDS && cache->capacity > 0; i++)
	{
		pthread_mutex_lock(&cache->shards[i].mutex);
		count += cache->shards[i].count;
		pthread_mutex_unlock(&cache->shards[i].mutex);
	}
	return count;
}
