/*
 * attest/document.h
 *	  An attestation document taken apart: COSE_Sign1 (RFC 9052) around a CBOR map, in
 *	  the form that AWS's Nitro Security Module gives it.
 *
 * Nothing is allocated and nothing copied.  What does not follow the form to the
 * letter is refused; maps may be of indefinite length in one place, the payload, where
 * hypervisors from 2025 on make them so.
 */
#ifndef EVC_ATTEST_DOCUMENT_H
#define EVC_ATTEST_DOCUMENT_H

#include "attest/verdict.h"
#include "wire/buf.h"
#include "wire/limits.h"

#define EVC_PAYLOAD_MAX 16384
#define EVC_PCRS_MAX 32
#define EVC_PCR_LEN_MAX 64
#define EVC_MODULE_ID_MAX 255
/* Certificates of authorities, and one certificate in bytes; AWS sends four. */
#define EVC_BUNDLE_MAX 8
#define EVC_CERTIFICATE_MAX 1024
/* public_key, user_data, nonce */
#define EVC_FIELD_MAX 1024
/* Timestamps are milliseconds; the year 9999. */
#define EVC_TIMESTAMP_MAX UINT64_C(253402300799999)
#define EVC_ES384_LEN 96

typedef struct EvcDocument
{
	EvwBytes protected_header; /* encoded map */
	EvwBytes payload;
	EvwBytes signature; /* EVC_ES384_LEN bytes */
	/* In the payload: */
	EvwBytes module_id; /* printable ASCII */
	uint64_t timestamp_ms;
	EvwBytes pcrs[EVC_PCRS_MAX]; /* data NULL: not there */
	EvwBytes certificate;		 /* the signer's, DER */
	EvwBytes bundle[EVC_BUNDLE_MAX];
	uint32_t n_bundle;	 /* root first, then who it vouches for, and so on */
	EvwBytes public_key; /* these three: data NULL if not there */
	EvwBytes user_data;
	EvwBytes nonce;
} EvcDocument;

/* GOOD, or what is wrong with its form; *document is then all zero. */
extern EvcVerdict evc_document_parse(EvwBytes bytes, EvcDocument *document) EVW_MUST_USE;

/*
 * The same for what the NSM of QEMU makes: signature and certificates are there, but are
 * zeros, and the algorithm is -1, or the verdict is SIGNATURE.
 */
extern EvcVerdict evc_document_parse_unsigned(EvwBytes bytes,
											  EvcDocument *document) EVW_MUST_USE;

#endif /* EVC_ATTEST_DOCUMENT_H */
