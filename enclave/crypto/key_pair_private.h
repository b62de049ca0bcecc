/*
 * crypto/key_pair_private.h
 *	  What a key pair holds; for crypto/ alone.
 */
#ifndef E3_KEY_PAIR_PRIVATE_H
#define E3_KEY_PAIR_PRIVATE_H

#include "crypto/agree.h"

#include <openssl/ec.h>

struct E3KeyPair
{
	EvwCurve curve;
	BIGNUM *secret; /* in the locked arena */
	EC_POINT *point;
	uint8_t public_key[EVW_POINT_LEN];
	uint8_t uncompressed[E3_POINT_LEN]; /* the same point */
	uint8_t hint[EVW_HINT_LEN];
};

#endif /* E3_KEY_PAIR_PRIVATE_H */
