/*
 * crypto/aead.h
 *	  AES-256-GCM with a 12-byte IV and a 16-byte tag (NIST SP 800-38D).
 *
 * A key is set once per request; sealing and opening are then one pass over
 * the value, in either order, with no fetch, no allocation and no random
 * number per value.  A value that is too long for one go is a stream.
 *
 * What was written just before is slow to read back as a vector: hand over many
 * values at once, with IVs that were made before (crypto/iv.h), and do not touch
 * additional data between values if it stays the same.
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

/* One of several messages under the same key and with the same additional data. */
typedef struct E3AeadItem
{
	uint8_t *out;
	const uint8_t *iv;
	EvwBytes in;	  /* body, or ciphertext and tag */
	EvwStatus status; /* of opening it */
} E3AeadItem;

/*
 * The same for many, which is quicker for short ones: nothing comes between them.
 * All are sealed, each with the same head, or none can be relied upon.
 */
extern EvwStatus e3_aead_seal_many(E3Scratch *scratch, EvwBytes aad, EvwBytes head,
								   const E3AeadItem items[], size_t n) EVW_MUST_USE;

/* Each has its own outcome; but if one is too short for a tag, none opens. */
extern void e3_aead_open_many(E3Scratch *scratch, EvwBytes aad, E3AeadItem items[],
							  size_t n);

/*
 * Bytes of a key schedule for e3_aead_expand and e3_aead_open_each, which is 0 with a
 * library whose schedules cannot be kept: those two are then not to be called.
 */
extern size_t e3_aead_schedule_len(const E3Scratch *scratch);

/*
 * Writes the schedule of a key: as secret as that, aligned to 16, and of use for this and
 * every scratch wherever it is copied to.
 */
extern void e3_aead_expand(const E3Scratch *scratch, const uint8_t key[E3_AES_KEY_LEN],
						   void *schedule);

/* Of a message: its key's schedule, and its additional data. */
typedef struct E3AeadKey
{
	const void *schedule;
	EvwBytes aad;
} E3AeadKey;

/* As e3_aead_open_many, under a key each; the key of the scratch stays. */
extern void e3_aead_open_each(E3Scratch *scratch, const E3AeadKey keys[],
							  E3AeadItem items[], size_t n);

typedef enum E3AeadDirection
{
	E3_AEAD_OPEN,
	E3_AEAD_SEAL
} E3AeadDirection;

/*
 * One long message in pieces of any length.  It has a key schedule of its own,
 * so the thread that begins it need not be the one that goes on: any thread may,
 * one at a time.
 */
typedef struct E3AeadStream E3AeadStream;

/* *stream is NULL unless OK. */
extern EvwStatus e3_aead_stream_begin(const E3Scratch *scratch, E3AeadStream **stream,
									  const uint8_t key[E3_AES_KEY_LEN],
									  const uint8_t iv[EVW_IV_LEN], EvwBytes aad,
									  E3AeadDirection direction) EVW_MUST_USE;

/*
 * Writes in.len bytes to "out", which is in.data or another place.  What a
 * stream opens is not to be believed, nor shown, until its tag has been checked:
 * whoever gives up before wipes it.
 */
extern EvwStatus e3_aead_stream_update(E3AeadStream *stream, uint8_t *out,
									   EvwBytes in) EVW_MUST_USE;

/* The end of sealing: writes the tag. */
extern EvwStatus e3_aead_stream_tag(E3AeadStream *stream,
									uint8_t tag[EVW_TAG_LEN]) EVW_MUST_USE;

/* The end of opening: DOES_NOT_OPEN if this is not the tag. */
extern EvwStatus e3_aead_stream_check(E3AeadStream *stream,
									  const uint8_t tag[EVW_TAG_LEN]) EVW_MUST_USE;

/* At any time; wipes and frees.  NULL is fine. */
extern void e3_aead_stream_free(E3AeadStream *stream);

#endif /* E3_AEAD_H */
