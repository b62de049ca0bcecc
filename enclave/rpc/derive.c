/*
 * rpc/derive.c
 *	  The key of a ciphertext: at hand, in the cache, or from an agreement.
 */
#include "rpc/opening.h"

#include "base/secret.h"

#include <string.h>

bool
e3_key_at_hand(const E3DerivedKey *key, const E3KeyVersion *version,
			   const EvwEnvelope *envelope)
{
	return key->version == version && key->curve == envelope->info->curve &&
		   key->kdf == envelope->info->kdf &&
		   memcmp(key->epk, envelope->epk, EVW_POINT_LEN) == 0;
}

void
e3_derived_id(E3DerivedId *id, const E3KeyPair *pair, bool kdf, const uint8_t *epk)
{
	memcpy(id->app, e3_key_pair_public(pair), EVW_POINT_LEN);
	id->rule = kdf;
	memcpy(id->epk, epk, EVW_POINT_LEN);
}

static EvwStatus
agree_alone(E3Opening *opening, const E3KeyPair *pair, const EvwEnvelope *envelope)
{
	E3Agreement agreement;
	EvwStatus status = e3_agree_with(opening->scratch, pair, envelope->epk, &agreement);

	opening->call->spent += E3_COST_AGREEMENT;
	if (status == EVW_OK)
		status =
			e3_kdf_key(opening->scratch, envelope->info, &agreement, opening->key.aes);
	e3_wipe(&agreement, sizeof(agreement));
	return status;
}

/* An agreement, for the key of an ephemeral key that nobody has seen. */
static EvwStatus
agree(E3Opening *opening, const E3DerivedId *id, const E3KeyPair *pair,
	  const EvwEnvelope *envelope)
{
	EvwStatus status;

	if (e3_ahead_find(opening->ahead, id, opening->key.aes, &status) ||
		e3_ahead_agree(opening, pair, envelope, opening->key.aes, &status))
		return status;
	return agree_alone(opening, pair, envelope);
}

EvwStatus
e3_derive_key(E3Opening *opening, const E3KeyVersion *version,
			  const EvwEnvelope *envelope)
{
	const E3KeyPair *pair = version->pairs[envelope->info->curve];
	E3DerivedKey *key = &opening->key;
	EvwStatus status = EVW_OK;
	E3DerivedId id;

	e3_derived_id(&id, pair, envelope->info->kdf, envelope->epk);
	key->version = NULL;
	key->was_cached = e3_derived_find(opening->cache, &id, key->aes);
	key->is_proven = key->was_cached;
	if (key->was_cached)
	{
		opening->hits++;
		e3_ahead_forget(opening->ahead, &id);
	}
	else
		status = agree(opening, &id, pair, envelope);
	if (status == EVW_OK)
		status = e3_aead_set_key(opening->scratch, key->aes);
	if (status != EVW_OK)
		return status;
	key->version = version;
	key->curve = envelope->info->curve;
	key->kdf = envelope->info->kdf;
	memcpy(key->epk, envelope->epk, EVW_POINT_LEN);
	e3_aad_prepare(&key->aad, envelope->epk, pair);
	return EVW_OK;
}

/* What anybody can make up does not push out of the cache what is of use. */
void
e3_prove_key(E3Opening *opening)
{
	E3DerivedKey *key = &opening->key;
	E3DerivedId id;

	if (key->is_proven)
		return;
	e3_derived_id(&id, key->version->pairs[key->curve], key->kdf, key->epk);
	e3_derived_add(opening->cache, e3_keyring_generation(opening->call->keyring), &id,
				   key->aes);
	key->is_proven = true;
}
