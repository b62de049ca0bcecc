/*
 * crypto/scratch_private.h
 *	  What a scratch holds; for crypto/ alone.
 */
#ifndef E3_SCRATCH_PRIVATE_H
#define E3_SCRATCH_PRIVATE_H

#include "crypto/curve.h"
#include "crypto/scratch.h"

#include <openssl/evp.h>

struct E3Scratch
{
	EC_GROUP *groups[E3_CURVES]; /* by EvwCurve */
	BN_CTX *bignums;			 /* numbers in the locked arena */
	EVP_CIPHER *aes;
	EVP_CIPHER_CTX *cipher;
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
};

#endif /* E3_SCRATCH_PRIVATE_H */
