/*
 * keyring/derived.h
 *	  A cache of derived keys: what an agreement with an ephemeral key gave.
 *
 * Values that were encrypted by one request share an ephemeral key, and the same
 * values are read again and again: a key agreement costs as much as two thousand
 * decryptions.  Entries are found by the whole of what a key depends on; those that have
 * not been used for long go first; keys lie in locked memory that is neither dumped nor
 * inherited, and are wiped when they go.  For any number of threads.
 */
#ifndef E3_DERIVED_H
#define E3_DERIVED_H

#include "crypto/agree.h"
#include "crypto/kdf.h"

/* What a derived key depends on. */
typedef struct E3DerivedId
{
	uint8_t app[EVW_POINT_LEN]; /* the app's public key: of one version, on one curve */
	uint8_t rule;				/* with KDF or without */
	uint8_t epk[EVW_POINT_LEN];
} E3DerivedId;

typedef struct E3DerivedKeys E3DerivedKeys;

/*
 * Up to "capacity" keys (0: none are kept), and of up to "schedules" of them, if there
 * are so many, what it takes to open a value at once, "schedule_len" bytes each (0: there
 * is no such thing; a multiple of 16).  NULL if the memory can't be locked.
 */
extern E3DerivedKeys *e3_derived_new(uint32_t capacity, uint32_t schedules,
									 size_t schedule_len);

/* Wipes and frees; NULL is fine. */
extern void e3_derived_free(E3DerivedKeys *cache);

/* True, and the key, if it is there. */
extern bool e3_derived_find(E3DerivedKeys *cache, const E3DerivedId *id,
							uint8_t key[E3_AES_KEY_LEN]);

/*
 * The same for several at a time, in steps, so that memory which one look-up waits for
 * comes while others are made; and with schedules, without copying.  What
 * e3_derived_look finds stays where it is between e3_derived_hold and e3_derived_release:
 * a few microseconds, as others wait, and without any other function of this cache.
 */
extern uint32_t e3_derived_hash(const E3DerivedKeys *cache, const E3DerivedId *id);
extern void e3_derived_prefetch(const E3DerivedKeys *cache, uint32_t hashed);

/* Has this cache places for schedules? */
extern bool e3_derived_keeps_schedules(const E3DerivedKeys *cache);

/* False, and nothing is held, if it has none. */
extern bool e3_derived_hold(E3DerivedKeys *cache) EVW_MUST_USE;
extern void e3_derived_prefetch_entry(const E3DerivedKeys *cache, uint32_t hashed);

/* In the cache. */
typedef struct E3DerivedSecrets
{
	const uint8_t *key;
	const void *schedule; /* NULL: it is not kept */
} E3DerivedSecrets;

/* False if the key is not there. */
extern bool e3_derived_look(E3DerivedKeys *cache, const E3DerivedId *id, uint32_t hashed,
							E3DerivedSecrets *secrets) EVW_MUST_USE;

/* Is there room for another schedule? */
extern bool e3_derived_has_room(const E3DerivedKeys *cache);
extern void e3_derived_release(E3DerivedKeys *cache);

/*
 * Keeps those schedules that are not NULL, of keys that are still there, as long as there
 * is room; if there is none, in places of keys that have not used theirs for a while.
 * Where others are at the cache and it may not wait for them, nothing is kept.
 */
extern void e3_derived_keep(E3DerivedKeys *cache, const E3DerivedId ids[],
							const uint32_t hashes[], const void *const schedules[],
							size_t n, bool may_wait);

/*
 * Adds a key that e3_derived_find has not found; another thread may have meanwhile.
 * "generation" is that of the keyring which it was derived with: one of a keyring before
 * the current one is not kept.
 */
extern void e3_derived_add(E3DerivedKeys *cache, uint64_t generation,
						   const E3DerivedId *id, const uint8_t key[E3_AES_KEY_LEN]);

/* Wipes all: the keyring has changed to one of this generation. */
extern void e3_derived_clear(E3DerivedKeys *cache, uint64_t generation);

/* Waits for nobody. */
extern uint32_t e3_derived_count(const E3DerivedKeys *cache);

#endif /* E3_DERIVED_H */
