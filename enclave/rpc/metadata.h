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

/* Longest role that there is room for. */
#define E3_METADATA_ROLE_MAX (E3_METADATA_ENCODED_MAX - 20)

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

/* Metadata that were decoded last; all zero: none. */
typedef struct E3MetadataSeen
{
	uint8_t bytes[E3_METADATA_ENCODED_MAX];
	size_t len;
	size_t role_at;
	size_t role_len;
} E3MetadataSeen;

/*
 * The same for one value of many: those that were encrypted together begin alike,
 * so that only the first has to be taken apart.
 */
extern EvwStatus e3_metadata_decode_next(E3MetadataSeen *seen, EvwBytes plaintext,
										 E3Metadata *metadata) EVW_MUST_USE;

#endif /* E3_METADATA_H */
