/*
 * keyring/wrap.h
 *	  The keyring file's outside: a header, and the payload under AES-256-GCM
 *	  with a key-encryption key.
 *
 * Version 1, of a passphrase:
 *
 *	  offset length
 *	  0      4   "E3KR"
 *	  4      1   version of the file: 1
 *	  5      1   kind of key-encryption key: 1 = scrypt of a passphrase
 *	  6      3   scrypt: log2 N, r, p (RFC 7914)
 *	  9      3   zero
 *	  12     8   generation, big-endian
 *	  20     16  scrypt's salt
 *	  36     12  IV
 *	  48     n   ciphertext and 16-byte tag; bytes 0 to 47 are the additional data
 *
 * Version 2, of a device's custody (custody/custody.h), has a longer header:
 *
 *	  4      1   version of the file: 2
 *	  5      1   kind of custody: 2 = TPM, 3 = PKCS#11, 4 = KMS
 *	  6      2   n: length of the device's blob, 1 to 4096, big-endian
 *	  8      4   zero
 *	  12     36  generation, salt and IV, as above
 *	  48     n   blob; bytes 0 to 47 + n are the additional data
 *
 * Its key is HKDF (RFC 5869) of the device's key and the salt, for the purpose
 * "E3 keyring file".
 *
 * Salt, and with it the key, and IV are new every time a file is written.
 */
#ifndef E3_WRAP_H
#define E3_WRAP_H

#include "keyring/store.h"

#define E3_WRAP_HEADER 48
#define E3_WRAP_OVERHEAD (E3_WRAP_HEADER + EVW_TAG_LEN)

/* Appends header and ciphertext to "file". */
extern EvwStatus e3_wrap_seal(const E3Kek *kek, uint64_t generation, EvwBytes payload,
							  EvwBuf *file) EVW_MUST_USE;

/*
 * Appends the payload.  KEYRING_FORMAT if the header is not one of ours, CUSTODY if it
 * is another custody's, KEYRING_UNSEAL if the tag is wrong, PASSPHRASE if there is none
 * to try; else as e3_custody_open.
 */
extern EvwStatus e3_wrap_open(const E3Kek *kek, EvwBytes file, uint64_t *generation,
							  EvwBuf *payload) EVW_MUST_USE;

/* What the header says, opened or not; 0 if the file does not begin as ours do. */
extern uint64_t e3_wrap_claimed_generation(EvwBytes file);

/* The custody that the header names; false if it is not one of ours. */
extern bool e3_wrap_kind(EvwBytes file, E3CustodyKind *kind);

#endif /* E3_WRAP_H */
