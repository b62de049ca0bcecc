/*
 * ctl/certs.h
 *	  Making certificates.
 */
#ifndef E3_CERTS_H
#define E3_CERTS_H

#include "wire/buf.h"

typedef enum E3CertUse
{
	E3_CERT_CA,
	E3_CERT_SERVER,
	E3_CERT_CLIENT
} E3CertUse;

typedef struct E3CertWish
{
	const char *subject; /* common name */
	const char *names;	 /* alternative names, as OpenSSL has them; NULL: none */
	E3CertUse use;
	uint32_t days;
} E3CertWish;

/* A certificate and its key. */
typedef struct E3Cert E3Cert;

/* Signed by "ca", or by itself if that is NULL.  NULL if it can't be made. */
extern E3Cert *e3_cert_new(const E3Cert *ca, const E3CertWish *wish);

/* From two PEM files; NULL if they are not a certificate and its key. */
extern E3Cert *e3_cert_read(const char *crt, const char *key);

extern void e3_cert_free(E3Cert *cert);

/* PEM, appended. */
extern bool e3_cert_write(const E3Cert *cert, EvwBuf *text) EVW_MUST_USE;
extern bool e3_cert_write_key(const E3Cert *cert, EvwBuf *text) EVW_MUST_USE;

#endif /* E3_CERTS_H */
