/*
 * keyring/derived.c
 *	  A cache of derived keys.
 *
 * A hash table whose entries are numbers into arrays made at start: nothing is allocated
 * later.  Whoever reads marks what it finds as used, and nothing else, so readers are
 * never in each other's way; what gives way is what has not been used since a hand came
 * by (Corbato's CLOCK).
 *
 * Locking law: writers hold it for the copying of a few keys; readers for as long as they
 * work with what they have found, which has to be a few microseconds; and nobody who
 * holds it waits for anything else.
 */
#include "keyring/derived.h"

#include "base/secret.h"
#include "crypto/random.h"
#include "keyring/schedules.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NONE E3_SCHEDULES_NONE

/* An id as words, the last one filled up with zeros. */
#define ID_WORDS ((sizeof(E3DerivedId) + 3) / 4)

/* Entries that the hand passes at most, so that no writer takes long. */
#define SECOND_CHANCES 64

/* How often a writer lets the others run before they have to wait for it. */
#define POLITE_TRIES 64

typedef struct Entry
{
	E3DerivedId id;
	atomic_bool used;
	atomic_bool opened; /* a value, by its schedule */
	uint32_t chain;		/* next in its bucket, or among the free */
	uint32_t place;		/* of its schedule; NONE */
} Entry;

struct E3DerivedKeys
{
	pthread_rwlock_t lock;
	uint64_t generation; /* of the keyring: nothing is added from an older one */
	uint64_t multipliers[ID_WORDS + 1]; /* of the hash */
	uint32_t capacity;
	atomic_uint count; /* written under the lock, read without */
	uint32_t mask;	   /* of buckets */
	uint32_t *buckets;
	Entry *entries;
	E3Locked locked; /* keys, then schedules */
	uint8_t (*keys)[E3_AES_KEY_LEN];
	E3Schedules schedules;
	uint32_t free;
	uint32_t hand;
};

/*
 * Multiply-shift over the words: for secret random multipliers strongly universal
 * (Dietzfelbinger 1996), so that nobody can choose ids that collide.
 */
uint32_t
e3_derived_hash(const E3DerivedKeys *cache, const E3DerivedId *id)
{
	uint32_t words[ID_WORDS] = {0};
	uint64_t sum = cache->multipliers[ID_WORDS];

	memcpy(words, id, sizeof(*id));
	for (size_t i = 0; i < ID_WORDS; i++)
		sum += cache->multipliers[i] * words[i];
	return (uint32_t) (sum >> 32);
}

static uint32_t *
bucket_of(const E3DerivedKeys *cache, uint32_t hashed)
{
	return &cache->buckets[hashed & cache->mask];
}

/* By whom has the lock. */
static void
set_count(E3DerivedKeys *cache, uint32_t count)
{
	atomic_store_explicit(&cache->count, count, memory_order_relaxed);
}

/* Everything free, in order. */
static void
make_empty(E3DerivedKeys *cache)
{
	for (uint32_t i = 0; i <= cache->mask; i++)
		cache->buckets[i] = NONE;
	for (uint32_t i = 0; i < cache->capacity; i++)
		cache->entries[i].chain = i + 1 < cache->capacity ? i + 1 : NONE;
	cache->free = 0;
	cache->hand = 0;
	set_count(cache, 0);
}

static bool
fill(E3DerivedKeys *cache, uint32_t schedules, size_t schedule_len)
{
	/* Schedules begin where a line of the processor's cache does. */
	const size_t keys_len = ((size_t) cache->capacity + 1) / 2 * 2 * E3_AES_KEY_LEN;
	uint32_t buckets = 1;

	while (buckets < cache->capacity)
		buckets *= 2;
	cache->mask = buckets - 1;
	cache->buckets = calloc(buckets, sizeof(uint32_t));
	cache->entries = calloc(cache->capacity, sizeof(Entry));
	if (cache->buckets == NULL || cache->entries == NULL ||
		e3_random((uint8_t *) cache->multipliers, sizeof(cache->multipliers)) != EVW_OK ||
		!e3_locked_map(&cache->locked, keys_len + schedules * schedule_len))
		return false;
	cache->keys = cache->locked.at;
	make_empty(cache);
	return e3_schedules_init(&cache->schedules, (uint8_t *) cache->locked.at + keys_len,
							 schedule_len, schedules);
}

/* Those who write are few, and do not wait until there is nobody who reads. */
static bool
init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	bool made;

	if (pthread_rwlockattr_init(&attributes) != 0)
		return false;
	made = pthread_rwlockattr_setkind_np(&attributes,
										 PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) ==
			   0 &&
		   pthread_rwlock_init(lock, &attributes) == 0;
	(void) pthread_rwlockattr_destroy(&attributes);
	return made;
}

E3DerivedKeys *
e3_derived_new(uint32_t capacity, uint32_t schedules, size_t schedule_len)
{
	E3DerivedKeys *cache = calloc(1, sizeof(E3DerivedKeys));

	if (cache == NULL || !init_lock(&cache->lock))
	{
		free(cache);
		return NULL;
	}
	cache->capacity = capacity;
	/* None is kept without its key. */
	schedules = schedules < capacity ? schedules : capacity;
	if (capacity == 0 || fill(cache, schedule_len > 0 ? schedules : 0, schedule_len))
		return cache;
	e3_derived_free(cache);
	return NULL;
}

void
e3_derived_free(E3DerivedKeys *cache)
{
	if (cache == NULL)
		return;
	(void) pthread_rwlock_destroy(&cache->lock);
	free(cache->buckets);
	free(cache->entries);
	e3_schedules_free(&cache->schedules);
	e3_locked_unmap(&cache->locked);
	free(cache);
}

static uint32_t
look_up(const E3DerivedKeys *cache, const E3DerivedId *id, uint32_t hashed)
{
	uint32_t at = *bucket_of(cache, hashed);

	while (at != NONE && memcmp(&cache->entries[at].id, id, sizeof(*id)) != 0)
		at = cache->entries[at].chain;
	return at;
}

/* Not written again where it is so: that would take it from the others' caches. */
static void
mark(atomic_bool *flag)
{
	if (!atomic_load_explicit(flag, memory_order_relaxed))
		atomic_store_explicit(flag, true, memory_order_relaxed);
}

/* Was it marked since the last time? */
static bool
unmark(atomic_bool *flag)
{
	return atomic_exchange_explicit(flag, false, memory_order_relaxed);
}

/* The entry of this id, which is marked as used; NONE if there is none. */
static uint32_t
use(E3DerivedKeys *cache, const E3DerivedId *id, uint32_t hashed)
{
	uint32_t number = look_up(cache, id, hashed);

	if (number != NONE)
		mark(&cache->entries[number].used);
	return number;
}

bool
e3_derived_find(E3DerivedKeys *cache, const E3DerivedId *id, uint8_t key[E3_AES_KEY_LEN])
{
	uint32_t number;

	if (cache->capacity == 0)
		return false;
	(void) pthread_rwlock_rdlock(&cache->lock);
	number = use(cache, id, e3_derived_hash(cache, id));
	if (number != NONE)
		memcpy(key, cache->keys[number], E3_AES_KEY_LEN);
	(void) pthread_rwlock_unlock(&cache->lock);
	return number != NONE;
}

bool
e3_derived_keeps_schedules(const E3DerivedKeys *cache)
{
	return cache->schedules.count > 0;
}

bool
e3_derived_hold(E3DerivedKeys *cache)
{
	return e3_derived_keeps_schedules(cache) && pthread_rwlock_rdlock(&cache->lock) == 0;
}

void
e3_derived_release(E3DerivedKeys *cache)
{
	(void) pthread_rwlock_unlock(&cache->lock);
}

void
e3_derived_prefetch(const E3DerivedKeys *cache, uint32_t hashed)
{
	__builtin_prefetch(bucket_of(cache, hashed));
}

void
e3_derived_prefetch_entry(const E3DerivedKeys *cache, uint32_t hashed)
{
	uint32_t number = *bucket_of(cache, hashed);

	if (number != NONE)
		__builtin_prefetch(&cache->entries[number]);
}

bool
e3_derived_look(E3DerivedKeys *cache, const E3DerivedId *id, uint32_t hashed,
				E3DerivedSecrets *secrets)
{
	uint32_t number = use(cache, id, hashed);
	uint32_t place;

	if (number == NONE)
		return false;
	secrets->key = cache->keys[number];
	secrets->schedule = NULL;
	place = cache->entries[number].place;
	if (place == NONE)
		return true;
	secrets->schedule = e3_schedules_at(&cache->schedules, place);
	mark(&cache->entries[number].opened);
	return true;
}

bool
e3_derived_has_room(const E3DerivedKeys *cache)
{
	return cache->schedules.free != NONE;
}

/*
 * Once a writer waits, so does whoever comes to read; and what it waits for may be a
 * reader that has lost its processor, perhaps to one of these.  So it waits only after it
 * has given way for a while.
 */
static void
lock_for_writing(E3DerivedKeys *cache)
{
	for (int i = 0; i < POLITE_TRIES; i++)
	{
		if (pthread_rwlock_trywrlock(&cache->lock) == 0)
			return;
		(void) sched_yield();
	}
	(void) pthread_rwlock_wrlock(&cache->lock);
}

/*
 * The place whose turn it is, unless a value has been opened by what is there since the
 * last time: then there is none for now.
 */
static uint32_t
take_over(E3DerivedKeys *cache, uint32_t number)
{
	E3Schedules *schedules = &cache->schedules;
	uint32_t place = e3_schedules_turn(schedules);
	Entry *owner = &cache->entries[schedules->owners[place]];

	if (unmark(&owner->opened))
		return NONE;
	owner->place = NONE;
	schedules->owners[place] = number;
	return place;
}

/* Its entry gets a place, if it may; then the schedule is there. */
static void
keep(E3DerivedKeys *cache, uint32_t number, const void *schedule)
{
	uint32_t place = e3_schedules_take(&cache->schedules, number);

	if (place == NONE)
		place = take_over(cache, number);
	if (place == NONE)
		return;
	cache->entries[number].place = place;
	atomic_store_explicit(&cache->entries[number].opened, false, memory_order_relaxed);
	memcpy(e3_schedules_at(&cache->schedules, place), schedule, cache->schedules.len);
}

void
e3_derived_keep(E3DerivedKeys *cache, const E3DerivedId ids[], const uint32_t hashes[],
				const void *const schedules[], size_t n, bool may_wait)
{
	if (cache->schedules.count == 0)
		return;
	if (may_wait)
		lock_for_writing(cache);
	else if (pthread_rwlock_trywrlock(&cache->lock) != 0)
		return;
	for (size_t i = 0; i < n; i++)
	{
		uint32_t number =
			schedules[i] != NULL ? look_up(cache, &ids[i], hashes[i]) : NONE;

		if (number != NONE && cache->entries[number].place == NONE)
			keep(cache, number, schedules[i]);
	}
	(void) pthread_rwlock_unlock(&cache->lock);
}

/* The entry that gives way: the next that has not been used since the last time. */
static uint32_t
next_to_go(E3DerivedKeys *cache)
{
	for (int i = 0;; i++)
	{
		uint32_t number = cache->hand;

		cache->hand = number + 1 < cache->capacity ? number + 1 : 0;
		if (i == SECOND_CHANCES || !unmark(&cache->entries[number].used))
			return number;
	}
}

/* Wipes a key, and its schedule; its entry is free. */
static void
evict(E3DerivedKeys *cache)
{
	uint32_t number = next_to_go(cache);
	Entry *entry = &cache->entries[number];
	uint32_t *at = bucket_of(cache, e3_derived_hash(cache, &entry->id));

	while (*at != number)
		at = &cache->entries[*at].chain;
	*at = entry->chain;
	e3_wipe(cache->keys[number], E3_AES_KEY_LEN);
	if (entry->place != NONE)
		e3_schedules_drop(&cache->schedules, entry->place);
	entry->chain = cache->free;
	cache->free = number;
	set_count(cache, e3_derived_count(cache) - 1);
}

static void
insert(E3DerivedKeys *cache, const E3DerivedId *id, uint32_t hashed, const uint8_t *key)
{
	uint32_t *bucket = bucket_of(cache, hashed);
	Entry *entry;
	uint32_t number;

	if (cache->free == NONE)
		evict(cache);
	number = cache->free;
	entry = &cache->entries[number];
	cache->free = entry->chain;
	entry->id = *id;
	/* Until it is found: what is asked for once does not push out what is often. */
	atomic_store_explicit(&entry->used, false, memory_order_relaxed);
	entry->place = NONE;
	entry->chain = *bucket;
	*bucket = number;
	memcpy(cache->keys[number], key, E3_AES_KEY_LEN);
	set_count(cache, e3_derived_count(cache) + 1);
}

void
e3_derived_add(E3DerivedKeys *cache, uint64_t generation, const E3DerivedId *id,
			   const uint8_t key[E3_AES_KEY_LEN])
{
	uint32_t hashed;

	if (cache->capacity == 0)
		return;
	hashed = e3_derived_hash(cache, id);
	lock_for_writing(cache);
	/* A request that began with the keyring before may have a key that is retired now. */
	if (generation >= cache->generation && look_up(cache, id, hashed) == NONE)
		insert(cache, id, hashed, key);
	(void) pthread_rwlock_unlock(&cache->lock);
}

void
e3_derived_clear(E3DerivedKeys *cache, uint64_t generation)
{
	if (cache->capacity == 0)
		return;
	(void) pthread_rwlock_wrlock(&cache->lock);
	e3_wipe(cache->locked.at, cache->locked.len);
	e3_schedules_clear(&cache->schedules);
	make_empty(cache);
	cache->generation = generation;
	(void) pthread_rwlock_unlock(&cache->lock);
}

uint32_t
e3_derived_count(const E3DerivedKeys *cache)
{
	return atomic_load_explicit(&cache->count, memory_order_relaxed);
}
