/*
 * keyring/keyring.h
 *	  The keys in use: an immutable snapshot, swapped whole.
 *
 * A snapshot is built (from the file, or by adding apps), then published in a
 * holder; readers acquire it, use it for one request, and release it.  Nothing
 * in it changes after it has been published.  The last release wipes it.
 */
#ifndef E3_KEYRING_H
#define E3_KEYRING_H

#include "crypto/agree.h"
#include "wire/report.h"

typedef struct E3Keyring E3Keyring;

/* One key version of an app: a pair on each curve, by EvwCurve. */
typedef struct E3KeyVersion
{
	uint32_t version;	 /* 1, 2, ... */
	uint64_t created_us; /* microseconds since 1970 */
	E3KeyPair *pairs[2];
} E3KeyVersion;

/* Wipes and frees both pairs. */
extern void e3_key_version_free(const E3KeyVersion *version);

/* One version of an app's index key: what blind indexes are made with. */
typedef struct E3IndexKey
{
	uint32_t version; /* 1, 2, ...; not that of a key version */
	uint32_t bytes;	  /* kept of each HMAC */
	uint64_t created_us;
	uint8_t *secret; /* E3_INDEX_SECRET_LEN in locked memory */
	uint8_t *key;	 /* E3_INDEX_KEY_LEN; derived as it becomes the keyring's */
} E3IndexKey;

#define E3_INDEX_SECRET_LEN 32
#define E3_INDEX_KEY_LEN 32

/* Bytes of a blind index.  Fewer collide too often, more than the HMAC has there are not.
 */
#define E3_INDEX_BYTES_MIN 8
#define E3_INDEX_BYTES_MAX 32

typedef struct E3App
{
	char name[EVW_APP_MAX + 1];
	uint32_t n_versions;	/* at least 1 */
	E3KeyVersion *versions; /* newest first */
	uint32_t n_indexes;
	E3IndexKey *indexes; /* newest first */
} E3App;

#define E3_APPS_MAX 4096

/* An empty one, with one reference; NULL when out of memory. */
extern E3Keyring *e3_keyring_new(void);

extern E3Keyring *e3_keyring_retain(E3Keyring *keyring);
extern void e3_keyring_release(E3Keyring *keyring);

/*
 * Counts up with every change of the file; a lower one is a roll-back, and so is
 * the same one with other content.
 */
extern uint64_t e3_keyring_generation(const E3Keyring *keyring);
extern void e3_keyring_set_generation(E3Keyring *keyring, uint64_t generation);

/* The same apps, versions, public and index keys, whatever the generations? */
extern bool e3_keyring_equal(const E3Keyring *a, const E3Keyring *b);

/* The secret that the audit's key is derived from; empty if there is none. */
#define E3_KEYRING_AUDIT_LEN 32
extern EvwBytes e3_keyring_audit(const E3Keyring *keyring);

/* Copies it; before the keyring is published.  KEYRING_FORMAT, OUT_OF_MEMORY. */
extern EvwStatus e3_keyring_set_audit(E3Keyring *keyring, EvwBytes secret) EVW_MUST_USE;

/* NULL if there is no such app. */
extern const E3App *e3_keyring_find(const E3Keyring *keyring, EvwBytes name);

/* Apps sorted by name. */
extern uint32_t e3_keyring_count(const E3Keyring *keyring);
extern const E3App *e3_keyring_app(const E3Keyring *keyring, uint32_t index);

/* The version whose pair on this curve has this hint; NULL if none has. */
extern const E3KeyVersion *e3_app_find_hint(const E3App *app, EvwCurve curve,
											const uint8_t *hint);

/*
 * Adds a version, with both pairs, to an app, which is made if it is not there.
 * The pairs become the keyring's, also on failure.  Only before publishing.
 * Fails with APP_NAME, KEYRING_FULL, OUT_OF_MEMORY, or KEYRING_FORMAT for version
 * 0 and for one that the app has already.
 */
extern EvwStatus e3_keyring_add(E3Keyring *keyring, EvwBytes name,
								const E3KeyVersion *version) EVW_MUST_USE;

/*
 * The same for an index key, whose own key is derived, of an app that is there:
 * UNKNOWN_APP, CRYPTO_FAILED.  The secret becomes the keyring's, also on failure.
 */
extern EvwStatus e3_keyring_add_index(E3Keyring *keyring, EvwBytes name,
									  const E3IndexKey *index) EVW_MUST_USE;

/*
 * Wipes a version of an app's keys, or of its index keys.  False if there is none of
 * this number, or it is the newest, which stays.  Only before publishing.
 */
extern bool e3_keyring_retire(E3Keyring *keyring, EvwBytes name, uint32_t version);
extern bool e3_keyring_retire_index(E3Keyring *keyring, EvwBytes name, uint32_t version);

/* Where the current snapshot is; acquire and swap may be called by any thread. */
typedef struct E3KeyringHolder E3KeyringHolder;

extern E3KeyringHolder *e3_keyring_holder_new(E3Keyring *first);
extern E3Keyring *e3_keyring_acquire(E3KeyringHolder *holder);
/* Takes over the caller's reference to "next", releases the one it replaces. */
extern void e3_keyring_swap(E3KeyringHolder *holder, E3Keyring *next);
extern void e3_keyring_holder_free(E3KeyringHolder *holder);

#endif /* E3_KEYRING_H */
