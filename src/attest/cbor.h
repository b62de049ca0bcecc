/*
 * attest/cbor.h
 *	  A strict walk over CBOR (RFC 8949), one item after the other, by libcbor's
 *	  streaming decoder, which allocates nothing.
 *
 * Strings are read in place and must be there whole.  Every head must be in its
 * shortest form, and strings and arrays of definite length.  The first failure sticks:
 * what is read after it is zero, and the caller looks at "verdict" once.
 */
#ifndef EVC_ATTEST_CBOR_H
#define EVC_ATTEST_CBOR_H

#include "attest/verdict.h"
#include "wire/buf.h"

typedef enum EvcCborKind
{
	EVC_CBOR_NONE, /* nothing left, or an earlier failure */
	EVC_CBOR_UINT,
	EVC_CBOR_NEGATIVE, /* -1 - number */
	EVC_CBOR_BYTES,
	EVC_CBOR_TEXT,
	EVC_CBOR_ARRAY,	   /* of "number" items */
	EVC_CBOR_MAP,	   /* of "number" pairs */
	EVC_CBOR_MAP_OPEN, /* of indefinite length, until EVC_CBOR_BREAK */
	EVC_CBOR_TAG,
	EVC_CBOR_NULL,
	EVC_CBOR_BREAK,
	EVC_CBOR_OTHER
} EvcCborKind;

typedef struct EvcCborItem
{
	EvcCborKind kind;
	uint64_t number;
	EvwBytes bytes; /* of BYTES and TEXT */
} EvcCborItem;

typedef struct EvcCborReader
{
	const uint8_t *at;
	const uint8_t *end;
	EvcVerdict verdict;
} EvcCborReader;

extern void evc_cbor_open(EvcCborReader *reader, EvwBytes bytes);

/* The next item; of containers and tags the head alone. */
extern EvcCborItem evc_cbor_next(EvcCborReader *reader);

/* The next item, which must be of this kind, or the reader fails with "otherwise". */
extern EvcCborItem evc_cbor_expect(EvcCborReader *reader, EvcCborKind kind,
								   EvcVerdict otherwise);

/* Fails, unless it has failed before. */
extern void evc_cbor_fail(EvcCborReader *reader, EvcVerdict verdict);

/* Fails with TRAILING_BYTES if anything is left; the reader's verdict. */
extern EvcVerdict evc_cbor_finish(EvcCborReader *reader) EVW_MUST_USE;

/* The head of a byte string of "len" bytes; returns how many bytes that takes. */
#define EVC_CBOR_HEAD_MAX 9
extern size_t evc_cbor_bytes_head(uint8_t head[EVC_CBOR_HEAD_MAX], size_t len);

#endif /* EVC_ATTEST_CBOR_H */
