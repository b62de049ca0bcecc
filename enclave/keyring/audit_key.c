/*
 * keyring/audit_key.c
 *	  The audit's key: derived from a secret that the keyring holds for it.
 */
#include "keyring/audit_key.h"

#include "base/secret.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

#include <string.h>

EvwStatus
e3_keyring_make_audit(E3Keyring *keyring)
{
	uint8_t secret[E3_KEYRING_AUDIT_LEN];
	EvwStatus status = e3_random(secret, sizeof(secret));

	if (status == EVW_OK)
		status = e3_keyring_set_audit(keyring, (EvwBytes){secret, sizeof(secret)});
	e3_wipe(secret, sizeof(secret));
	return status;
}

E3AuditKey *
e3_keyring_audit_key(const E3Keyring *keyring)
{
	EvwBytes secret = e3_keyring_audit(keyring);
	E3AuditKey *key = secret.len > 0 ? e3_secret_alloc(sizeof(*key)) : NULL;

	if (key == NULL)
		return NULL;
	if (e3_hkdf(secret, "evcrypt audit mac", key->mac, sizeof(key->mac)) == EVW_OK &&
		e3_hkdf(secret, "evcrypt audit id", key->id, sizeof(key->id)) == EVW_OK)
		return key;
	e3_secret_free(key, sizeof(*key));
	return NULL;
}

bool
e3_keyring_has_audit_key(const E3Keyring *keyring, const E3AuditKey *key)
{
	EvwBytes secret = e3_keyring_audit(keyring);
	uint8_t id[sizeof(key->id)];

	return secret.len > 0 &&
		   e3_hkdf(secret, "evcrypt audit id", id, sizeof(id)) == EVW_OK &&
		   memcmp(id, key->id, sizeof(id)) == 0;
}
