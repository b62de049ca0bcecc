/*
 * keyring/derived.h
 *	  A cache of derived keys: what an agreement with an ephemeral key gave.
 *
 * Values that were encrypted by one request share an ephemeral key, and the same
 * values are read again and again: a key agreement costs as much as two thousand
 * decryptions.  Entries are found by the whole of what a key depends on; the least
 * recently used goes first; keys lie in locked memory that is neither dumped nor
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

/* Up to "capacity" keys (0: none are kept); NULL if the memory can't be locked. */
extern E3DerivedKeys *e3_derived_new(uint32_t capacity);

/* Wipes and frees; NULL is fine. */
extern void e3_derived_free(E3DerivedKeys *cache);

/* True, and the key, if it is there. */
extern bool e3_derived_find(E3DerivedKeys *cache, const E3DerivedId *id,
							uint8_t key[E3_AES_KEY_LEN]);

/*
 * Adds a key that e3_derived_find has not found; another thread may have meanwhile.
 * "generation" is that of the keyring which it was derived with: one of a keyring before
 * the current one is not kept.
 */
extern void e3_derived_add(E3DerivedKeys *cache, uint64_t generation,
						   const E3DerivedId *id, const uint8_t key[E3_AES_KEY_LEN]);

/* Wipes all: the keyring has changed to one of this generation. */
extern void e3_derived_clear(E3DerivedKeys *cache, uint64_t generation);

extern uint32_t e3_derived_count(E3DerivedKeys *cache);

#endif /* E3_DERIVED_H */
