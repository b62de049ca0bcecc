/*
 * crypto/kdf.h
 *	  From an agreement to an AES-256 key.
 */
#ifndef E3_KDF_H
#define E3_KDF_H

#include "crypto/agree.h"
#include "wire/envelope.h"

#define E3_AES_KEY_LEN 32

/*
 * ANSI X9.63 KDF with SHA-256 (SEC 1, 3.6.1), one block: SHA-256(Z, 00000001,
 * SharedInfo), where SharedInfo is the ephemeral key's SubjectPublicKeyInfo
 * with explicit curve parameters and uncompressed point.
 */
extern EvwStatus e3_kdf_x963(E3Scratch *scratch, EvwCurve curve,
							 const E3Agreement *agreement,
							 uint8_t key[E3_AES_KEY_LEN]) EVW_MUST_USE;

/* The AES key as this ciphertext version has it: from the KDF, or Z itself. */
extern EvwStatus e3_kdf_key(E3Scratch *scratch, const EvwTagInfo *info,
							const E3Agreement *agreement,
							uint8_t key[E3_AES_KEY_LEN]) EVW_MUST_USE;

/* The X9.63 KDF over any Z, and a SharedInfo in two parts. */
extern EvwStatus e3_kdf_x963_block(E3Scratch *scratch, EvwBytes z, EvwBytes info_head,
								   EvwBytes info_tail,
								   uint8_t key[E3_AES_KEY_LEN]) EVW_MUST_USE;

#endif /* E3_KDF_H */
