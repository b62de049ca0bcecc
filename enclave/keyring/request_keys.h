/*
 * keyring/request_keys.h
 *	  Request keys that are made ahead: ephemeral key pair, agreement and KDF done.
 *
 * A key agreement takes a thousand times as long as encrypting a short value, so it
 * is done while nobody waits.  There is a shelf for every app, curve and derivation
 * rule that has been asked for lately.  Each key is handed out once, and wiped where
 * it was; all are dropped when the app's keys change.  They lie in locked memory
 * that a child process does not have.  For any number of threads.
 */
#ifndef E3_REQUEST_KEYS_H
#define E3_REQUEST_KEYS_H

#include "crypto/kdf.h"
#include "keyring/keyring.h"

/* Shelves: the one that was not used for longest gives way. */
#define E3_SHELVES 32

/* What encrypting under one ephemeral key needs. */
typedef struct E3RequestKey
{
	uint8_t key[E3_AES_KEY_LEN]; /* wipe it after use */
	uint8_t epk[EVW_POINT_LEN];
	uint8_t iv_base[EVW_IV_LEN]; /* random */
} E3RequestKey;

typedef struct E3RequestKeys E3RequestKeys;

/* Up to "per_shelf" keys of a kind (0: none); NULL if the memory can't be locked. */
extern E3RequestKeys *e3_request_keys_new(uint32_t per_shelf);

/* Wipes and frees; NULL is fine. */
extern void e3_request_keys_free(E3RequestKeys *keys);

/*
 * A key for ciphertexts of this version against the app's pair, which is of
 * "keyring": one from the shelf, or else a new one.  Says which by *was_ready.
 */
extern EvwStatus e3_request_keys_take(E3RequestKeys *keys, E3Scratch *scratch,
									  E3Keyring *keyring, const E3KeyPair *pair,
									  const EvwTagInfo *info, E3RequestKey *key,
									  bool *was_ready) EVW_MUST_USE;

/*
 * Puts a key, or as many as the library makes in one go, on the shelf that has the
 * fewest; false if all are full.  Fails silently: then there is one less.
 */
extern bool e3_request_keys_stock(E3RequestKeys *keys, E3Scratch *scratch);

/* Wipes all: the keyring has changed to one of this generation. */
extern void e3_request_keys_clear(E3RequestKeys *keys, uint64_t generation);

/* How many are ready. */
extern uint32_t e3_request_keys_count(E3RequestKeys *keys);

#endif /* E3_REQUEST_KEYS_H */
