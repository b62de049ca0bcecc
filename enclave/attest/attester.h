/*
 * attest/attester.h
 *	  Evidence of what this E3 is: documents, made by one backend.
 *
 * A document is a COSE_Sign1 (RFC 9052) in the form of AWS's Nitro Security Module
 * whatever the backend: docs/protocol.md, "Evidence".
 */
#ifndef E3_ATTESTER_H
#define E3_ATTESTER_H

#include "wire/buf.h"

#include <limits.h>

#define E3_ATTEST_CAUSE_MAX (PATH_MAX + 200)

/* What a configuration demands. */
typedef struct E3AttestSetup
{
	const char *kind; /* EVW_EVIDENCE_..., or NULL: none */
	/* Of the kind "software": PEM files, and how long a signer lives. */
	const char *root;
	const char *certificate;
	const char *key;
	uint32_t signer_seconds;
	/* Measured by it. */
	const char *config;
	const char *policy; /* empty: none */
} E3AttestSetup;

/* What the document is to say; at most 512 bytes each, and none if data is NULL. */
typedef struct E3Claim
{
	EvwBytes nonce;
	EvwBytes user_data;
	EvwBytes public_key;
} E3Claim;

typedef struct E3Attester E3Attester;

/*
 * *attester is NULL if no evidence is demanded.  UNSUPPORTED or CONFIG, with a cause,
 * if it is and cannot be had here.
 */
extern EvwStatus e3_attester_new(const E3AttestSetup *setup, E3Attester **attester,
								 char cause[E3_ATTEST_CAUSE_MAX]) EVW_MUST_USE;
extern void e3_attester_free(E3Attester *attester);

/* The kind of its documents; NULL of no attester. */
extern const char *e3_attester_kind(const E3Attester *attester);

/*
 * Configuration or policy were loaded anew: measures them again.  CONFIG, with a cause,
 * if that fails; what was measured before then stands.
 */
extern EvwStatus e3_attester_measure(E3Attester *attester, const E3AttestSetup *setup,
									 char cause[E3_ATTEST_CAUSE_MAX]) EVW_MUST_USE;

/* Appends a document; takes milliseconds.  EVIDENCE_FAILED or OUT_OF_MEMORY.  From any
 * thread. */
extern EvwStatus e3_attester_make(E3Attester *attester, const E3Claim *claim,
								  EvwBuf *document) EVW_MUST_USE;

#endif /* E3_ATTESTER_H */
