/*
 * unit/pkits_help.h
 *	  The vectors of the NIST's Public Key Interoperability Test Suite (PKITS 1.0.1), as
 *	  Debian's python3-cryptography-vectors has them.
 */
#ifndef PKITS_HELP_H
#define PKITS_HELP_H

#include <openssl/x509.h>

#define PKITS_NAME_LEN 100

/* One end entity, and what its test lets whoever judges it see. */
typedef struct PkitsVector
{
	char name[PKITS_NAME_LEN]; /* e.g. "ValidLongSerialNumberTest16" */
	EVP_PKEY *key;
	X509 *leaf;
	STACK_OF(X509) * path; /* and others perhaps; NULL: not told */
	STACK_OF(X509_CRL) * lists;
} PkitsVector;

/* All of them, in no order, until they are freed.  Where they are not to be had, says
 * why, and returns NULL. */
extern PkitsVector *help_pkits_read(int *n);
extern void help_pkits_free(void);

/* One of the suite's certificates, e.g. "TrustAnchorRootCertificate.crt": the caller's.
 */
extern X509 *help_pkits_certificate(const char *file);

#endif /* PKITS_HELP_H */
