/*
 * keyring/payload.h
 *	  What the keyring file wraps: MessagePack,
 *	  {"apps": [{"name": str, "versions": [{"version": uint, "created_us": uint,
 *	  "p256": bin 32, "secp256k1": bin 32}, ...],
 *	  "indexes": [{"version": uint, "created_us": uint, "bytes": uint,
 *	  "secret": bin 32}, ...]}, ...],
 *	  "audit": bin 32}.
 *
 * "audit" is not there in files that are older than the audit, "indexes" not where an app
 * has none.  Keys stand in this order, apps sorted by name, versions newest first, and
 * nothing else is allowed: what a newer writer added would be lost when an older one
 * saved it again.
 */
#ifndef E3_PAYLOAD_H
#define E3_PAYLOAD_H

#include "keyring/keyring.h"

/* Appends; look at payload->status. */
extern void e3_payload_write(EvwBuf *payload, const E3Keyring *keyring);

/* Adds what the payload lists to an empty keyring.  KEYRING_FORMAT if malformed. */
extern EvwStatus e3_payload_read(EvwBytes payload, E3Keyring *keyring) EVW_MUST_USE;

#endif /* E3_PAYLOAD_H */
