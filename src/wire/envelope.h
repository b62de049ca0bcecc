/*
 * wire/envelope.h
 *	  The binary form of a ciphertext: as it is stored and as it travels.
 *
 *	  offset length
 *	  0      1   version: an EvwTag
 *	  1      1   bits 0-1 datatype; bit 2: the text form names "string";
 *	             bit 3: the text form pads its last segment with '='
 *	  2      4   key hint: first bytes of SHA-256 of the app's compressed
 *	             public key; zero where unknown
 *	  6      33  EPK: ephemeral public key, compressed
 *	  39     12  IV
 *	  51     n   AES-256-GCM ciphertext and its 16-byte tag
 *
 * Bits 2 and 3 exist so that a string made elsewhere reads back byte for byte.
 */
#ifndef EVW_ENVELOPE_H
#define EVW_ENVELOPE_H

#include "wire/buf.h"
#include "wire/limits.h"
#include "wire/request.h"

/* Versions by the tag of the text form.  Numbers are stored: never change them. */
typedef enum EvwTag
{
	EVW_TAG_NONE = 1, /* secp256k1, no tag in the text form */
	EVW_TAG_RFVC = 2,
	EVW_TAG_T1JL = 3,
	EVW_TAG_TK9D = 4,
	EVW_TAG_QLJV = 5,
	EVW_TAG_TENZ = 6,
	EVW_TAG_S0LS = 7,
	EVW_TAG_QKTC = 8,
	EVW_TAG_RVZS = 9, /* bound to a context, P-256 */
	EVW_TAG_RVZL = 10 /* bound to a context, secp256k1 */
} EvwTag;

typedef enum EvwDatatype
{
	EVW_STRING = 0,
	EVW_NUMBER = 1,
	EVW_BOOLEAN = 2
} EvwDatatype;

/* What is authenticated beside the plaintext. */
typedef enum EvwAad
{
	EVW_AAD_NONE,
	EVW_AAD_APP,	/* the app's public key */
	EVW_AAD_V2,		/* config byte, ephemeral key, app's key */
	EVW_AAD_CONTEXT /* as v2, and SHA-256 of the context */
} EvwAad;

typedef struct EvwTagInfo
{
	char name[5]; /* "" for the unversioned form */
	EvwCurve curve;
	bool kdf;	   /* X9.63 KDF; else the AES key is Z itself */
	bool metadata; /* the plaintext begins with metadata */
	EvwAad aad;
	uint8_t scheme; /* low nibble of the v2 config byte */
} EvwTagInfo;

/* NULL if there is no such version. */
extern const EvwTagInfo *evw_tag_info(uint32_t tag);

/* Tag with this 4-character name; 0 if there is none. */
extern uint32_t evw_tag_named(EvwBytes name);

extern const char *evw_datatype_name(EvwDatatype datatype);

/* An envelope taken apart; pointers lead into the bytes that were parsed. */
typedef struct EvwEnvelope
{
	EvwTag tag;
	const EvwTagInfo *info;
	EvwDatatype datatype;
	bool names_string;
	bool padded;
	const uint8_t *hint;
	const uint8_t *epk;
	const uint8_t *iv;
	EvwBytes sealed; /* ciphertext and tag */
} EvwEnvelope;

/*
 * NOT_CIPHERTEXT for anything that evw_envelope_write or the text form could
 * not have made.  The ephemeral key is looked at no further than its first
 * byte; whether it is a point is for E3 to say.
 */
extern EvwStatus evw_envelope_parse(EvwBytes bytes, EvwEnvelope *envelope) EVW_MUST_USE;

/* The same for whom the datatype is enough. */
extern EvwStatus evw_envelope_check(EvwBytes bytes, EvwDatatype *datatype) EVW_MUST_USE;

/* Writes the 51 bytes before the ciphertext. */
extern void evw_envelope_write_head(uint8_t *out, const EvwEnvelope *envelope);

/* Is the key hint known? */
extern bool evw_hint_known(const uint8_t *hint);

#endif /* EVW_ENVELOPE_H */
