/*
 * keyring/audit_key.h
 *	  The audit's key: derived from a secret that the keyring holds for it.
 *
 * A keyring that is older than the audit has no such secret; e3ctl makes it.
 */
#ifndef E3_AUDIT_KEY_H
#define E3_AUDIT_KEY_H

#include "audit/chain.h"
#include "keyring/keyring.h"

/* Gives the keyring a fresh secret; before it is published. */
extern EvwStatus e3_keyring_make_audit(E3Keyring *keyring) EVW_MUST_USE;

/* NULL if there is none, or no memory; in locked memory. */
extern E3AuditKey *e3_keyring_audit_key(const E3Keyring *keyring);

/* Would this keyring's key be the same? */
extern bool e3_keyring_has_audit_key(const E3Keyring *keyring, const E3AuditKey *key);

#endif /* E3_AUDIT_KEY_H */
