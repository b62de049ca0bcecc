/*
 * attest/backend.h
 *	  The seam of evidence: one backend for each kind that a document can be of.
 */
#ifndef E3_ATTEST_BACKEND_H
#define E3_ATTEST_BACKEND_H

#include "attest/attester.h"

typedef struct E3AttestBackend
{
	const char *kind; /* as ATTEST names it */
	/* NULL with a cause if it cannot make documents here. */
	void *(*open)(const E3AttestSetup *setup, char cause[E3_ATTEST_CAUSE_MAX]);
	void (*close)(void *state);
	/* Appends a document; EVIDENCE_FAILED or OUT_OF_MEMORY.  From any thread. */
	EvwStatus (*make)(void *state, const E3Claim *claim, EvwBuf *document);
	/* Reads again what it has measured; NULL: it measures nothing itself. */
	bool (*measure)(void *state, const E3AttestSetup *setup,
					char cause[E3_ATTEST_CAUSE_MAX]);
} E3AttestBackend;

extern const E3AttestBackend e3_attest_nsm;
extern const E3AttestBackend e3_attest_software;

#endif /* E3_ATTEST_BACKEND_H */
