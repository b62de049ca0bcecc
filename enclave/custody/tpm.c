/*
 * custody/tpm.c
 *	  A key sealed by a TPM 2.0 to platform configuration registers (PCRs).
 *
 * The sealed object has no password and one policy, PolicyPCR over the SHA-256 bank
 * (TPM 2.0 Library, Part 3, 23.7), below a primary key of the owner hierarchy that the
 * TPM derives anew each time.  The key crosses the bus encrypted both ways, by sessions
 * that are salted with that primary key.
 *
 *	  blob: version 1; three bytes of PCR selection, PCR 0 the lowest bit of the first;
 *	  TPM2B_PUBLIC; TPM2B_PRIVATE
 */
#include "custody/tpm_private.h"

#include "base/secret.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define BLOB_VERSION 1
#define BLOB_HEAD 4
#define SEALED_MAX (sizeof(TPM2B_PUBLIC) + sizeof(TPM2B_PRIVATE))

_Static_assert(BLOB_HEAD + SEALED_MAX <= E3_CUSTODY_BLOB_MAX, "every blob fits");

/* Longer than what Unseal has answered. */
#define OVERWRITE_BYTES 48

typedef struct Sealed
{
	TPM2B_PUBLIC public;
	TPM2B_PRIVATE private;
} Sealed;

static void
write_blob(EvwBuf *blob, uint32_t pcrs, const Sealed *sealed)
{
	const uint8_t head[BLOB_HEAD] = {BLOB_VERSION, (uint8_t) pcrs, (uint8_t) (pcrs >> 8),
									 (uint8_t) (pcrs >> 16)};
	uint8_t bytes[SEALED_MAX];
	size_t len = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(&sealed->public, bytes, sizeof(bytes), &len) !=
			TSS2_RC_SUCCESS ||
		Tss2_MU_TPM2B_PRIVATE_Marshal(&sealed->private, bytes, sizeof(bytes), &len) !=
			TSS2_RC_SUCCESS)
	{
		blob->status = EVW_CRYPTO_FAILED;
		return;
	}
	evw_buf_append(blob, head, sizeof(head));
	evw_buf_append(blob, bytes, len);
}

static bool
read_blob(EvwBytes blob, uint32_t *pcrs, Sealed *sealed)
{
	size_t at = BLOB_HEAD;

	memset(sealed, 0, sizeof(*sealed));
	if (blob.len < BLOB_HEAD || blob.data[0] != BLOB_VERSION)
		return false;
	*pcrs = (uint32_t) blob.data[1] | (uint32_t) blob.data[2] << 8 |
			(uint32_t) blob.data[3] << 16;
	return Tss2_MU_TPM2B_PUBLIC_Unmarshal(blob.data, blob.len, &at, &sealed->public) ==
			   TSS2_RC_SUCCESS &&
		   Tss2_MU_TPM2B_PRIVATE_Unmarshal(blob.data, blob.len, &at, &sealed->private) ==
			   TSS2_RC_SUCCESS &&
		   at == blob.len;
}

/* What PolicyPCR comes to with the registers as they are. */
static EvwStatus
find_policy(E3Tpm *tpm, uint32_t pcrs, TPM2B_DIGEST *policy)
{
	TPM2B_DIGEST *digest = NULL;
	ESYS_TR session;
	TSS2_RC rc;
	EvwStatus status = e3_tpm_session(tpm, TPM2_SE_TRIAL, 0, &session);

	if (status == EVW_OK)
		status = e3_tpm_policy(tpm, session, pcrs);
	if (status != EVW_OK)
		return status;
	rc = Esys_PolicyGetDigest(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
							  ESYS_TR_NONE, &digest);
	if (rc == TSS2_RC_SUCCESS)
		*policy = *digest;
	Esys_Free(digest);
	return e3_tpm_status(tpm, rc, "PolicyGetDigest");
}

static EvwStatus
create(E3Tpm *tpm, const TPM2B_SENSITIVE_CREATE *sensitive, const TPM2B_DIGEST *policy,
	   Sealed *sealed)
{
	const TPM2B_PUBLIC template = {
		.publicArea = {.type = TPM2_ALG_KEYEDHASH,
					   .nameAlg = TPM2_ALG_SHA256,
					   .objectAttributes = TPMA_OBJECT_FIXEDTPM |
										   TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA,
					   .authPolicy = *policy,
					   .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}};
	const TPM2B_DATA outside = {0};
	const TPML_PCR_SELECTION none = {0};
	TPM2B_PRIVATE *private = NULL;
	TPM2B_PUBLIC *public = NULL;
	ESYS_TR session;
	TSS2_RC rc;
	EvwStatus status = e3_tpm_session(tpm, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT, &session);

	if (status != EVW_OK)
		return status;
	rc = Esys_Create(tpm->esys, tpm->primary, session, ESYS_TR_NONE, ESYS_TR_NONE,
					 sensitive, &template, &outside, &none, &private, &public, NULL, NULL,
					 NULL);
	if (rc == TSS2_RC_SUCCESS)
		*sealed = (Sealed){.public = *public, .private = *private};
	Esys_Free(private);
	Esys_Free(public);
	return e3_tpm_status(tpm, rc, "Create");
}

static EvwStatus
create_of_key(E3Tpm *tpm, const uint8_t *key, const TPM2B_DIGEST *policy, Sealed *sealed)
{
	TPM2B_SENSITIVE_CREATE *sensitive = e3_secret_alloc(sizeof(*sensitive));
	EvwStatus status;

	if (sensitive == NULL)
		return EVW_OUT_OF_MEMORY;
	sensitive->sensitive.data.size = E3_CUSTODY_KEY_LEN;
	memcpy(sensitive->sensitive.data.buffer, key, E3_CUSTODY_KEY_LEN);
	status = create(tpm, sensitive, policy, sealed);
	e3_secret_free(sensitive, sizeof(*sensitive));
	return status;
}

static EvwStatus
seal(const E3CustodyAsk *ask, const uint8_t *key, EvwBuf *blob)
{
	const uint32_t pcrs = ask->config->tpm_pcrs;
	TPM2B_DIGEST policy;
	Sealed sealed;
	E3Tpm tpm;
	EvwStatus status = e3_tpm_begin(&tpm, ask->config->tpm, ask->cause);

	if (status == EVW_OK)
		status = find_policy(&tpm, pcrs, &policy);
	if (status == EVW_OK)
		status = create_of_key(&tpm, key, &policy, &sealed);
	e3_tpm_end(&tpm);
	if (status == EVW_OK)
		write_blob(blob, pcrs, &sealed);
	return status;
}

/* tss2 holds the last answer, decrypted, in memory of its own: another one goes over it.
 */
static void
overwrite_answer(E3Tpm *tpm)
{
	TPM2B_DIGEST *bytes = NULL;

	(void) Esys_GetRandom(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
						  OVERWRITE_BYTES, &bytes);
	Esys_Free(bytes);
}

static EvwStatus
unseal(E3Tpm *tpm, uint32_t pcrs, uint8_t *key)
{
	TPM2B_SENSITIVE_DATA *data = NULL;
	ESYS_TR session;
	TSS2_RC rc;
	EvwStatus status =
		e3_tpm_session(tpm, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &session);

	if (status == EVW_OK)
		status = e3_tpm_policy(tpm, session, pcrs);
	if (status != EVW_OK)
		return status;
	rc = Esys_Unseal(tpm->esys, tpm->object, session, ESYS_TR_NONE, ESYS_TR_NONE, &data);
	status = e3_tpm_status(tpm, rc, "Unseal");
	if (rc != TSS2_RC_SUCCESS)
		return status;
	overwrite_answer(tpm);
	if (data->size == E3_CUSTODY_KEY_LEN)
		memcpy(key, data->buffer, E3_CUSTODY_KEY_LEN);
	else
		status = e3_custody_fail(tpm->cause, EVW_CUSTODY_REFUSED,
								 "what the TPM has sealed is no key");
	e3_wipe(data, sizeof(*data));
	Esys_Free(data);
	return status;
}

static EvwStatus
load(E3Tpm *tpm, const Sealed *sealed)
{
	TSS2_RC rc = Esys_Load(tpm->esys, tpm->primary, ESYS_TR_PASSWORD, ESYS_TR_NONE,
						   ESYS_TR_NONE, &sealed->private, &sealed->public, &tpm->object);

	return e3_tpm_status(tpm, rc, "Load");
}

static EvwStatus
open_blob(const E3CustodyAsk *ask, EvwBytes blob, uint8_t *key)
{
	const uint32_t wanted = ask->config->tpm_pcrs;
	uint32_t pcrs;
	Sealed sealed;
	E3Tpm tpm;
	EvwStatus status;

	if (!read_blob(blob, &pcrs, &sealed))
		return e3_custody_fail(ask->cause, EVW_KEYRING_FORMAT,
							   "what the TPM sealed is damaged");
	if (wanted != 0 && pcrs != wanted)
		return e3_custody_fail(ask->cause, EVW_CUSTODY_REFUSED,
							   "it is sealed to other PCRs than tpm_pcrs names");
	status = e3_tpm_begin(&tpm, ask->config->tpm, ask->cause);
	if (status == EVW_OK)
		status = load(&tpm, &sealed);
	if (status == EVW_OK)
		status = unseal(&tpm, pcrs, key);
	e3_tpm_end(&tpm);
	return status;
}

const E3CustodyDevice e3_custody_tpm = {.seal = seal, .open = open_blob};
