/*
 * rpc/key_mix.h
 *	  Ciphertexts of secp256k1 whose AES key an SDK derived by another version's rule.
 *
 * The SDKs for Node and Python keep a derived key for some time and do not ask, when
 * they use it again, whether it is for a call with a data role: RFVC then comes under
 * the key of the KDF, S0lS and QlJV under Z itself.  Nothing else is different.
 */
#ifndef E3_KEY_MIX_H
#define E3_KEY_MIX_H

#include "wire/envelope.h"

/* The same with the other rule; false if this version is never mixed up. */
extern bool e3_key_mix(const EvwEnvelope *envelope, EvwEnvelope *mixed);

#endif /* E3_KEY_MIX_H */
