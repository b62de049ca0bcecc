/*
 * crypto/aead.h
 *	  AES-256-GCM with a 12-byte IV and a 16-byte tag (NIST SP 800-38D).
 *
 * A key is set once per request; sealing and opening are then one pass over
 * the value, in either order, with no fetch, no allocation and no random
 * number per value.
 */
#ifndef E3_AEAD_H
#define E3_AEAD_H

#include "crypto/kdf.h"
#include "crypto/scratch.h"
#include "wire/buf.h"

/* Key for the calls that follow on this scratch. */
extern EvwStatus e3_aead_set_key(E3Scratch *scratch,
								 const uint8_t key[E3_AES_KEY_LEN]) EVW_MUST_USE;

/*
 * Writes head.len + body.len + 16 bytes: the ciphertext of both, and the tag.
 * The IV must be new under this key.  "out" is another place than the input.
 */
extern EvwStatus e3_aead_seal(E3Scratch *scratch, uint8_t *out,
							  const uint8_t iv[EVW_IV_LEN], EvwBytes aad, EvwBytes head,
							  EvwBytes body) EVW_MUST_USE;

/*
 * Writes sealed.len - 16 bytes.  DOES_NOT_OPEN if the tag is wrong: "out" has
 * then been wiped.  "out" is another place than the input.
 */
extern EvwStatus e3_aead_open(E3Scratch *scratch, uint8_t *out,
							  const uint8_t iv[EVW_IV_LEN], EvwBytes aad,
							  EvwBytes sealed) EVW_MUST_USE;

#endif /* E3_AEAD_H */
