/*
 * crypto/scratch_private.h
 *	  What a scratch holds; for crypto/ alone.
 */
#ifndef E3_SCRATCH_PRIVATE_H
#define E3_SCRATCH_PRIVATE_H

#include "crypto/aead_backend.h"
#include "crypto/agree_backend.h"
#include "crypto/scratch.h"

#include <openssl/evp.h>

struct E3Scratch
{
	const E3AeadBackend *aead;
	void *cipher; /* its context */
	const E3AgreeBackend *agree[E3_CURVES];
	void *agree_states[E3_CURVES];
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
};

/* Who does the work in a scratch. */
typedef struct E3Backends
{
	const E3AeadBackend *aead;
	const E3AgreeBackend *agree[E3_CURVES];
} E3Backends;

/* As e3_scratch_new, with these instead of those chosen at start. */
extern E3Scratch *e3_scratch_new_of(const E3Backends *backends);

#endif /* E3_SCRATCH_PRIVATE_H */
