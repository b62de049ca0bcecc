/*
 * rpc/metadata.h
 *	  What is written in front of the plaintext of TENZ, QkTC and their kin:
 *	  u16 little-endian length, then a MessagePack map.
 *
 *	  dr  data role (only if there is one)
 *	  eo  origin: which software encrypted
 *	  et  time of encryption, seconds since 1970
 */
#ifndef E3_METADATA_H
#define E3_METADATA_H

#include "wire/buf.h"
#include "wire/limits.h"

/* Our origin: not one of the SDKs' (5 to 13). */
#define E3_METADATA_ORIGIN 20

/* Longest that e3_metadata_encode writes. */
#define E3_METADATA_ENCODED_MAX 64

/* Fills "out" (E3_METADATA_ENCODED_MAX bytes); returns what was used of it. */
extern EvwBytes e3_metadata_encode(uint8_t *out, EvwBytes role, uint32_t unix_seconds);

typedef struct E3Metadata
{
	EvwBytes role; /* len 0: none */
	EvwBytes body; /* the plaintext behind the metadata */
} E3Metadata;

/* MALFORMED unless "plaintext" begins with a map; unknown keys are ignored. */
extern EvwStatus e3_metadata_decode(EvwBytes plaintext,
									E3Metadata *metadata) EVW_MUST_USE;

#endif /* E3_METADATA_H */
