/*
 * policy/principal.c
 *	  The peer of one connection, and the credential that it showed last.
 */
#include "policy/principal.h"

#include "base/clock.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEN 32
#define US_PER_S 1000000

struct E3Principal
{
	atomic_uint references;
	E3Identity peer;
	pthread_mutex_t mutex; /* guards what follows */
	uint64_t serial;	   /* of the policy that it was verified against; 0: none */
	uint8_t hash[HASH_LEN];
	E3Claims claims;
};

E3Principal *
e3_principal_new(const E3Identity *peer)
{
	E3Principal *principal = calloc(1, sizeof(*principal));

	if (principal == NULL)
		return NULL;
	if (pthread_mutex_init(&principal->mutex, NULL) != 0)
	{
		free(principal);
		return NULL;
	}
	atomic_init(&principal->references, 1);
	principal->peer = *peer;
	return principal;
}

E3Principal *
e3_principal_retain(E3Principal *principal)
{
	atomic_fetch_add(&principal->references, 1);
	return principal;
}

void
e3_principal_release(E3Principal *principal)
{
	if (principal == NULL || atomic_fetch_sub(&principal->references, 1) != 1)
		return;
	(void) pthread_mutex_destroy(&principal->mutex);
	e3_wipe(principal, sizeof(*principal));
	free(principal);
}

const E3Identity *
e3_principal_peer(const E3Principal *principal)
{
	return &principal->peer;
}

static bool
find(E3Principal *principal, const E3Policy *policy, const uint8_t *hash,
	 E3Claims *claims)
{
	bool found;

	(void) pthread_mutex_lock(&principal->mutex);
	found = principal->serial == policy->serial &&
			CRYPTO_memcmp(principal->hash, hash, HASH_LEN) == 0;
	if (found)
		*claims = principal->claims;
	(void) pthread_mutex_unlock(&principal->mutex);
	return found;
}

static void
keep(E3Principal *principal, const E3Policy *policy, const uint8_t *hash,
	 const E3Claims *claims)
{
	(void) pthread_mutex_lock(&principal->mutex);
	principal->serial = policy->serial;
	memcpy(principal->hash, hash, HASH_LEN);
	principal->claims = *claims;
	(void) pthread_mutex_unlock(&principal->mutex);
}

EvwStatus
e3_principal_verify(E3Principal *principal, const E3Policy *policy, EvwBytes token,
					E3Claims *claims, const char **cause)
{
	int64_t now_s = (int64_t) (e3_clock_unix_us() / US_PER_S);
	uint8_t hash[HASH_LEN];
	EvwStatus status;

	*cause = "it cannot be hashed";
	if (EVP_Digest(token.data, token.len, hash, NULL, EVP_sha256(), NULL) != 1)
		return EVW_CRYPTO_FAILED;
	if (find(principal, policy, hash, claims))
		return e3_token_time(claims, now_s, cause);
	status =
		e3_token_verify(policy->issuers, policy->n_issuers, token, now_s, claims, cause);
	if (status == EVW_OK)
		keep(principal, policy, hash, claims);
	return status;
}
