/*
 * rpc/aad.h
 *	  Additional authenticated data of each ciphertext version.
 */
#ifndef E3_AAD_H
#define E3_AAD_H

#include "crypto/agree.h"
#include "crypto/sha256.h"
#include "wire/envelope.h"

/* v2: config byte, ephemeral key, app's key. */
#define E3_AAD_V2 (1 + EVW_POINT_LEN + EVW_POINT_LEN)

/* With a context: SHA-256 of that as well. */
#define E3_AAD_MAX (E3_AAD_V2 + E3_SHA256_LEN)

typedef struct E3Aad
{
	uint8_t bytes[E3_AAD_MAX];
} E3Aad;

/* The parts that are alike for all values under one ephemeral key; a context stays. */
extern void e3_aad_prepare(E3Aad *aad, const uint8_t *epk, const E3KeyPair *app);

/* The context of the values that follow, where they have one. */
extern EvwStatus e3_aad_bind(E3Aad *aad, E3Scratch *scratch,
							 EvwBytes context) EVW_MUST_USE;

/* AAD for one value; points into "aad", whose config byte it sets. */
extern EvwBytes e3_aad_for(E3Aad *aad, const EvwTagInfo *info, EvwDatatype datatype);

#endif /* E3_AAD_H */
