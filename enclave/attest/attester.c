/*
 * attest/attester.c
 *	  Chooses the backend of evidence.
 */
#include "attest/attester.h"

#include "attest/backend.h"
#include "wire/attest.h"
#include "wire/limits.h"

#include <stdlib.h>
#include <string.h>

/* The NSM takes no more of each. */
#define CLAIM_MAX 512

struct E3Attester
{
	const E3AttestBackend *backend;
	void *state;
};

static const E3AttestBackend *const backends[] = {&e3_attest_nsm, &e3_attest_software};

static const E3AttestBackend *
find_backend(const char *kind)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strcmp(backends[i]->kind, kind) == 0)
			return backends[i];
	return NULL;
}

EvwStatus
e3_attester_new(const E3AttestSetup *setup, E3Attester **attester,
				char cause[E3_ATTEST_CAUSE_MAX])
{
	const E3AttestBackend *backend;
	E3Attester *made;

	*attester = NULL;
	cause[0] = '\0';
	if (setup->kind == NULL)
		return EVW_OK;
	backend = find_backend(setup->kind);
	if (backend == NULL)
		return EVW_UNSUPPORTED;
	made = calloc(1, sizeof(E3Attester));
	if (made == NULL)
		return EVW_OUT_OF_MEMORY;
	made->backend = backend;
	made->state = backend->open(setup, cause);
	if (made->state == NULL)
	{
		free(made);
		return EVW_UNSUPPORTED;
	}
	*attester = made;
	return EVW_OK;
}

void
e3_attester_free(E3Attester *attester)
{
	if (attester == NULL)
		return;
	attester->backend->close(attester->state);
	free(attester);
}

const char *
e3_attester_kind(const E3Attester *attester)
{
	return attester != NULL ? attester->backend->kind : NULL;
}

EvwStatus
e3_attester_measure(E3Attester *attester, const E3AttestSetup *setup,
					char cause[E3_ATTEST_CAUSE_MAX])
{
	if (attester == NULL || attester->backend->measure == NULL ||
		attester->backend->measure(attester->state, setup, cause))
		return EVW_OK;
	return EVW_CONFIG;
}

EvwStatus
e3_attester_make(E3Attester *attester, const E3Claim *claim, EvwBuf *document)
{
	size_t before = document->len;
	EvwStatus status;

	if (claim->nonce.len > CLAIM_MAX || claim->user_data.len > CLAIM_MAX ||
		claim->public_key.len > CLAIM_MAX)
		return EVW_EVIDENCE_FAILED;
	status = attester->backend->make(attester->state, claim, document);
	if (status == EVW_OK)
		status = document->status;
	if (status == EVW_OK &&
		(document->len == before || document->len - before > EVW_EVIDENCE_MAX))
		status = EVW_EVIDENCE_FAILED;
	return status;
}
