/*
 * rpc/aad.h
 *	  Additional authenticated data of each ciphertext version.
 */
#ifndef E3_AAD_H
#define E3_AAD_H

#include "crypto/agree.h"
#include "wire/envelope.h"

/* v2: config byte, ephemeral key, app's key. */
#define E3_AAD_MAX (1 + EVW_POINT_LEN + EVW_POINT_LEN)

typedef struct E3Aad
{
	uint8_t bytes[E3_AAD_MAX];
} E3Aad;

/* The parts that are alike for all values under one ephemeral key. */
extern void e3_aad_prepare(E3Aad *aad, const uint8_t *epk, const E3KeyPair *app);

/* AAD for one value; points into "aad", whose config byte it sets. */
extern EvwBytes e3_aad_for(E3Aad *aad, const EvwTagInfo *info, EvwDatatype datatype);

#endif /* E3_AAD_H */
