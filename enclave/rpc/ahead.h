/*
 * rpc/ahead.h
 *	  Key agreements for values that come soon, made together with one that is needed.
 */
#ifndef E3_AHEAD_H
#define E3_AHEAD_H

#include "crypto/kdf.h"
#include "keyring/derived.h"

/* rpc/opening.h */
typedef struct E3Opening E3Opening;

/* Most key agreements that are made together. */
#define E3_AHEAD_KEYS 8

/* Keys of values that come soon; in locked memory. */
typedef struct E3Ahead
{
	size_t n;
	E3DerivedId ids[E3_AHEAD_KEYS];
	const EvwTagInfo *infos[E3_AHEAD_KEYS];
	EvwStatus statuses[E3_AHEAD_KEYS];
	uint8_t keys[E3_AHEAD_KEYS][E3_AES_KEY_LEN]; /* where the status is OK */
} E3Ahead;

/*
 * True if the agreement has been made with others before; its
 * outcome, and if OK its key, are handed out once.  "ahead" may be NULL.
 */
extern bool e3_ahead_find(E3Ahead *ahead, const E3DerivedId *id,
						  uint8_t key[E3_AES_KEY_LEN], EvwStatus *status);

/* It has come from elsewhere.  "ahead" may be NULL. */
extern void e3_ahead_forget(E3Ahead *ahead, const E3DerivedId *id);

/*
 * Makes this agreement and those of values that follow together;
 * false if that is of no use here.
 */
extern bool e3_ahead_agree(E3Opening *opening, const E3KeyPair *pair,
						   const EvwEnvelope *envelope, uint8_t key[E3_AES_KEY_LEN],
						   EvwStatus *status);

#endif /* E3_AHEAD_H */
