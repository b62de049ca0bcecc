/*
 * cert/cert.h
 *	  Making certificates: for TLS on P-256, for evidence on P-384.
 */
#ifndef E3_CERT_H
#define E3_CERT_H

#include "wire/buf.h"

typedef enum E3CertUse
{
	E3_CERT_CA,
	E3_CERT_SERVER,
	E3_CERT_CLIENT,
	/* Of evidence: its root, whom that vouches for, and who signs documents. */
	E3_CERT_EVIDENCE_ROOT,
	E3_CERT_EVIDENCE_ISSUER,
	E3_CERT_EVIDENCE_SIGNER
} E3CertUse;

typedef struct E3CertWish
{
	const char *subject; /* common name */
	const char *names;	 /* alternative names, as OpenSSL has them; NULL: none */
	E3CertUse use;
	uint32_t seconds; /* from now on; it is valid since a moment ago */
} E3CertWish;

/* A certificate and its key. */
typedef struct E3Cert E3Cert;

/* Signed by "ca", or by itself if that is NULL.  NULL if it can't be made. */
extern E3Cert *e3_cert_new(const E3Cert *ca, const E3CertWish *wish);

/* From two PEM files; NULL if they are not a certificate and its key.  Without the
 * key if "key" is NULL. */
extern E3Cert *e3_cert_read(const char *crt, const char *key);

extern void e3_cert_free(E3Cert *cert);

/* PEM, appended. */
extern bool e3_cert_write(const E3Cert *cert, EvwBuf *text) EVW_MUST_USE;
extern bool e3_cert_write_key(const E3Cert *cert, EvwBuf *text) EVW_MUST_USE;

/* DER, appended. */
extern bool e3_cert_write_der(const E3Cert *cert, EvwBuf *bytes) EVW_MUST_USE;

/* Is it signed by that one, or by itself, and is its key on P-384? */
extern bool e3_cert_is_of(const E3Cert *cert, const E3Cert *issuer);

/* Seconds since 1970. */
extern int64_t e3_cert_ends(const E3Cert *cert);

/* ES384 (RFC 9053) of a P-384 key: r and s, 48 bytes each. */
#define E3_ES384_LEN 96
extern bool e3_cert_sign(const E3Cert *cert, EvwBytes bytes,
						 uint8_t signature[E3_ES384_LEN]) EVW_MUST_USE;

#endif /* E3_CERT_H */
