/*
 * crypto/hmac.h
 *	  HMAC-SHA-256 (RFC 2104, FIPS 198-1) of many messages under one key, in pieces.
 */
#ifndef E3_HMAC_H
#define E3_HMAC_H

#include "crypto/scratch.h"
#include "wire/buf.h"

#define E3_HMAC_LEN 32

/* Longer keys would have to be hashed first; nobody has one. */
#define E3_HMAC_KEY_MAX 64

/*
 * One key, and one message at a time.  Any thread may go on with it, one at a time.
 * Nothing is fetched or allocated per message.
 */
typedef struct E3Hmac E3Hmac;

/* NULL when out of memory, locked memory included. */
extern E3Hmac *e3_hmac_new(const E3Scratch *scratch, EvwBytes key);

/* Wipes and frees; NULL is fine. */
extern void e3_hmac_free(E3Hmac *hmac);

/* A new message, whatever became of the one before; its pieces; its HMAC. */
extern EvwStatus e3_hmac_begin(E3Hmac *hmac) EVW_MUST_USE;
extern EvwStatus e3_hmac_update(E3Hmac *hmac, EvwBytes piece) EVW_MUST_USE;
extern EvwStatus e3_hmac_end(E3Hmac *hmac, uint8_t mac[E3_HMAC_LEN]) EVW_MUST_USE;

#endif /* E3_HMAC_H */
