/*
 * custody/kms_private.h
 *	  A conversation with a key management service (KMS): one HTTPS request, one answer,
 *	  and what they look like.
 */
#ifndef E3_KMS_PRIVATE_H
#define E3_KMS_PRIVATE_H

#include "custody/device.h"

/* What an answer may have; one with a key has about 2 KiB. */
#define E3_KMS_ANSWER_MAX 16384

/* What a temporary credential may have. */
#define E3_KMS_CREDENTIALS_MAX 4096

/* Text of the locked arena: who asks. */
typedef struct E3KmsCredentials
{
	char text[E3_KMS_CREDENTIALS_MAX + 1]; /* what follows points into it */
	const char *id;
	const char *secret;
	const char *token; /* NULL: none */
} E3KmsCredentials;

/*
 * Two lines of a file, or three: access key ID, secret access key, session token.
 * PASSPHRASE, with the cause, if they are not there or others may read them.
 */
extern EvwStatus e3_kms_credentials_read(const char *path, E3KmsCredentials *credentials,
										 E3CustodyCause *cause) EVW_MUST_USE;

/* What the KMS has said. */
typedef struct E3KmsAnswer
{
	long http; /* status */
	uint8_t bytes[E3_KMS_ANSWER_MAX];
	size_t len;
} E3KmsAnswer;

/*
 * Asks for an action such as "Decrypt", with a body of JSON.  Waits at most as long as
 * the configuration says.  CUSTODY_ABSENT, with the cause, if there is no whole answer.
 */
extern EvwStatus e3_kms_post(const E3CustodyAsk *ask, const char *action, EvwBytes body,
							 E3KmsAnswer *answer) EVW_MUST_USE;

/*
 * Appends the bytes that an answer has, in base64, under this name, 1 to
 * E3_CUSTODY_BLOB_MAX - 1 of them.  CUSTODY_REFUSED, or CUSTODY_ABSENT for a KMS that is
 * in trouble itself, with the cause, which is the KMS's own where it gives one.  An
 * answer that has a "Plaintext", but null or empty, is refused: nobody but we may have
 * read it.
 */
extern EvwStatus e3_kms_answer_read(long http, EvwBytes body, const char *name,
									EvwBuf *out, E3CustodyCause *cause) EVW_MUST_USE;

/* Appends base64 (RFC 4648, section 4), with its padding. */
extern void e3_kms_base64(EvwBuf *out, EvwBytes bytes);

/* A key pair to which a KMS encrypts: OpenSSL's EVP_PKEY. */
typedef struct evp_pkey_st E3KmsPair;

/* RSA, of one conversation; NULL if it can't be made. */
extern E3KmsPair *e3_kms_pair_new(void);
extern void e3_kms_pair_free(E3KmsPair *pair);

/* Appends its public key: SubjectPublicKeyInfo (RFC 5280), DER. */
extern bool e3_kms_pair_public(E3KmsPair *pair, EvwBuf *der) EVW_MUST_USE;

/*
 * Opens a CMS EnvelopedData (RFC 5652): RSAES-OAEP with SHA-256 (RFC 4056), AES-256-CBC,
 * one recipient, and a key of E3_CUSTODY_KEY_LEN bytes.  CUSTODY_REFUSED, with the cause,
 * for any other.
 */
extern EvwStatus e3_kms_envelope_open(E3KmsPair *pair, EvwBytes envelope, uint8_t *key,
									  E3CustodyCause *cause) EVW_MUST_USE;

#endif /* E3_KMS_PRIVATE_H */
