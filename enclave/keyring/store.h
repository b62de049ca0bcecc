/*
 * keyring/store.h
 *	  The keyring file: AEAD-wrapped under a key-encryption key, versioned,
 *	  0600, replaced atomically.
 */
#ifndef E3_STORE_H
#define E3_STORE_H

#include "keyring/keyring.h"

/* Where the passphrase comes from: a file of its own, 0600. */
typedef struct E3Kek
{
	const char *passphrase_file;
} E3Kek;

/* Opens and checks the file; *keyring has one reference. */
extern EvwStatus e3_store_load(const char *path, const E3Kek *kek,
							   E3Keyring **keyring) EVW_MUST_USE;

/*
 * Writes a new file beside "path", syncs it, renames it over "path", syncs the
 * directory.  The owner of the file that is replaced is kept.
 */
extern EvwStatus e3_store_save(const char *path, const E3Kek *kek,
							   const E3Keyring *keyring) EVW_MUST_USE;

#endif /* E3_STORE_H */
