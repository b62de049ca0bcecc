/*
 * unit/attest_help.h
 *	  An authority of the test's own, and documents that it vouches for: all good but
 *	  for what a test asks to be otherwise.
 */
#ifndef ATTEST_HELP_H
#define ATTEST_HELP_H

#include "wire_help.h"

#include "attest/verify.h"

#include <openssl/evp.h>

/* When the documents are made, in seconds; certificates begin and end an hour off. */
#define ATTEST_NOW INT64_C(1700000000)
#define ATTEST_HOUR 3600

/* Root, two authorities, and whose key signs. */
#define ATTEST_CERTIFICATES 4
#define ATTEST_LEAF 3

typedef struct AttestCertificate
{
	const char *curve;
	const char *name;
	const char *issuer;
	const EVP_MD *(*digest)(void);
	int64_t from;
	int64_t to;
	const char *basic; /* extensions as OpenSSL's configuration has them, or NULL */
	const char *usage;
	const char *other;	/* an extension nobody knows, critical, of these bytes */
	bool forged;		/* signed by somebody else under the issuer's name */
	size_t extra_bytes; /* after its DER */
} AttestCertificate;

/* One field of the payload as raw CBOR; data NULL: it is left out. */
typedef struct AttestField
{
	const char *name; /* NULL: none is changed */
	EvwBytes raw;
} AttestField;

/* What is made; attest_spec fills in what is good. */
typedef struct AttestSpec
{
	AttestCertificate certificates[ATTEST_CERTIFICATES];
	int n_authorities_sent; /* of the bundle */
	uint64_t timestamp_ms;
	uint32_t pcrs; /* bit set of those that are there */
	uint32_t zero; /* of those that are zero */
	AttestField field;
	EvwBytes more; /* raw pairs after the fields, */
	size_t n_more; /* so many */
	bool open;	   /* the payload's map is of indefinite length */
	EvwBytes after_payload;
	EvwBytes head;			  /* before the protected header */
	EvwBytes protected_bytes; /* what is in it */
	EvwBytes unprotected;
	size_t payload_len;	  /* not 0: a payload of so many bytes, whatever they are */
	size_t signature_len; /* cut to this, or filled up with zeros */
	int flip_signature;	  /* a byte of it, or -1 */
	bool other_signer;	  /* not the key in the leaf */
	bool emulated;		  /* signature and certificates are zeros, as QEMU's are */
	EvwBytes after;		  /* the document */
} AttestSpec;

extern void attest_spec(AttestSpec *spec);

/*
 * Makes the document into "buf", which help_buf_free frees, and sets in "expect" what a
 * client has to expect of a good one.
 */
extern void attest_make(const AttestSpec *spec, EvwBuf *buf, EvcExpectations *expect);

/* Value of a PCR that is there and not zero: 48 bytes. */
extern void attest_pcr(int index, uint8_t value[48]);

extern EvwBytes attest_nonce(void);
extern EvwBytes attest_binding(void);

#endif /* ATTEST_HELP_H */
