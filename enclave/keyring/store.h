/*
 * keyring/store.h
 *	  The keyring file: AEAD-wrapped under a key-encryption key, versioned,
 *	  0600, replaced atomically (keyring/wrap.h, keyring/payload.h).
 */
#ifndef E3_STORE_H
#define E3_STORE_H

#include "custody/custody.h"
#include "keyring/keyring.h"

/* Longest file: every app with every version that a keyring can hold. */
#define E3_STORE_FILE_MAX ((size_t) 40 << 20)

/*
 * What opens a keyring file, and writes it.  A passphrase comes from a file of its own,
 * 0600 and ours, or root's (base/file.h, E3_FILE_CREDENTIAL); up to 4096 bytes, one
 * trailing newline not counted.
 */
typedef struct E3Kek
{
	const char *passphrase_file;
	E3Custody *custody; /* NULL, or of kind passphrase: the passphrase counts */
} E3Kek;

/*
 * Opens and checks the file; *keyring has one reference, or is NULL.  Fails with
 * KEYRING_IO, KEYRING_PERMISSIONS, KEYRING_FORMAT, KEYRING_UNSEAL, PASSPHRASE,
 * CUSTODY, as e3_custody_open, or with OUT_OF_MEMORY, which includes a locked arena too
 * small for the keys.
 */
extern EvwStatus e3_store_load(const char *path, const E3Kek *kek,
							   E3Keyring **keyring) EVW_MUST_USE;

/*
 * The generation in the file's header, whoever may read or has written the file: a
 * number to count on from, not one to trust.  0 where there is none.
 */
extern uint64_t e3_store_claimed_generation(const char *path);

/* The custody that the file names; KEYRING_FORMAT if it names none, else as
 * e3_store_load. */
extern EvwStatus e3_store_kind(const char *path, E3CustodyKind *kind) EVW_MUST_USE;

/*
 * Writes a new file beside "path", syncs it, renames it over "path", syncs the
 * directory.  The owner of the file that is replaced is kept.  One writer at a
 * time.  Fails with KEYRING_IO (errno says why), PASSPHRASE, OUT_OF_MEMORY or
 * CRYPTO_FAILED.
 */
extern EvwStatus e3_store_save(const char *path, const E3Kek *kek,
							   const E3Keyring *keyring) EVW_MUST_USE;

/* The same for a file that is not there yet: KEYRING_IO with EEXIST if it is. */
extern EvwStatus e3_store_create(const char *path, const E3Kek *kek,
								 const E3Keyring *keyring) EVW_MUST_USE;

#endif /* E3_STORE_H */
