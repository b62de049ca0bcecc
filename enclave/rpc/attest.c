/*
 * rpc/attest.c
 *	  ATTEST: evidence of what this E3 is, bound to the connection that asks.
 *
 * Whoever may connect may ask: it is before anything else that a client decides whether
 * it says more.
 */
#include "rpc/operations.h"

#include "base/secret.h"
#include "crypto/sha256.h"

static EvwStatus
begin(E3RpcWorker *worker, E3Call *call)
{
	E3Attester *attester = worker->shared->attester;
	const char *kind = e3_attester_kind(attester);
	uint8_t binding[E3_SHA256_LEN];
	const E3Claim claim = {.nonce = call->attest.nonce,
						   .user_data = {binding, sizeof(binding)}};
	EvwEvidence evidence = {.evidence = call->attest.evidence};
	EvwBuf document;
	EvwStatus status;

	if (kind == NULL || !evw_bytes_equal(evidence.evidence, kind))
		return EVW_UNSUPPORTED;
	status = e3_sha256(worker->scratch, (EvwBytes){call->binding.data, call->binding.len},
					   binding);
	if (status != EVW_OK)
		return status;
	e3_buf_init(&document);
	status = e3_attester_make(attester, &claim, &document);
	if (status == EVW_OK)
	{
		evidence.document = (EvwBytes){document.data, document.len};
		evw_evidence_encode(&call->reply, call->request.id, &evidence);
		status = call->reply.status;
	}
	e3_buf_release(&document);
	return status;
}

const E3Operation e3_rpc_attest = {.begin = begin};
