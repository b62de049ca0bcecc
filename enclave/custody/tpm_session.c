/*
 * custody/tpm_session.c
 *	  Connecting to a TPM, its primary key, sessions, and what its answers mean.
 */
#include "custody/tpm_private.h"

#include <stdlib.h>
#include <tss2/tss2_tctildr.h>

#define LAYER_MASK UINT32_C(0xff0000)

/* An error of format one, without which parameter, handle or session it is about. */
#define FORMAT_ONE_MASK (TPM2_RC_FMT1 | UINT32_C(0x3f))

static TSS2_RC
reduce(TSS2_RC rc)
{
	if ((rc & LAYER_MASK) == 0 && (rc & TPM2_RC_FMT1) != 0)
		return rc & FORMAT_ONE_MASK;
	return rc;
}

EvwStatus
e3_tpm_status(E3Tpm *tpm, TSS2_RC rc, const char *command)
{
	switch (reduce(rc))
	{
		case TSS2_RC_SUCCESS:
			return EVW_OK;
		case TPM2_RC_POLICY_FAIL:
		case TPM2_RC_PCR_CHANGED:
			return e3_custody_fail(tpm->cause, EVW_CUSTODY_REFUSED,
								   "the TPM's PCRs are not what they were when the key "
								   "was sealed");
		case TPM2_RC_INTEGRITY:
			return e3_custody_fail(tpm->cause, EVW_CUSTODY_REFUSED,
								   "another TPM has sealed the key, or it is damaged");
		default:
			break;
	}
	return e3_custody_fail(tpm->cause,
						   (rc & LAYER_MASK) == 0 ? EVW_CUSTODY_REFUSED
												  : EVW_CUSTODY_ABSENT,
						   "TPM: %s failed with 0x%x", command, (unsigned) rc);
}

/* The same on the same TPM each time, unless its owner seed is cleared. */
static EvwStatus
make_primary(E3Tpm *tpm)
{
	const TPM2B_PUBLIC template = {
		.publicArea = {.type = TPM2_ALG_ECC,
					   .nameAlg = TPM2_ALG_SHA256,
					   .objectAttributes = TPMA_OBJECT_FIXEDTPM |
										   TPMA_OBJECT_FIXEDPARENT |
										   TPMA_OBJECT_SENSITIVEDATAORIGIN |
										   TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
										   TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
					   .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
															  .keyBits.aes = 128,
															  .mode.aes = TPM2_ALG_CFB},
												.scheme.scheme = TPM2_ALG_NULL,
												.curveID = TPM2_ECC_NIST_P256,
												.kdf.scheme = TPM2_ALG_NULL}}};
	const TPM2B_SENSITIVE_CREATE sensitive = {0};
	const TPM2B_DATA outside = {0};
	const TPML_PCR_SELECTION none = {0};
	TSS2_RC rc =
		Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
						   ESYS_TR_NONE, &sensitive, &template, &outside, &none,
						   &tpm->primary, NULL, NULL, NULL, NULL);

	return e3_tpm_status(tpm, rc, "CreatePrimary");
}

EvwStatus
e3_tpm_begin(E3Tpm *tpm, const char *tcti, E3CustodyCause *cause)
{
	TSS2_RC rc;

	*tpm = (E3Tpm){.primary = ESYS_TR_NONE,
				   .object = ESYS_TR_NONE,
				   .sessions = {ESYS_TR_NONE, ESYS_TR_NONE},
				   .cause = cause};
	/* It would write lines of its own to stderr; ours say what there is to say. */
	(void) setenv("TSS2_LOG", "all+none", 0);
	rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	if (rc != TSS2_RC_SUCCESS)
		return e3_custody_fail(cause, EVW_CUSTODY_ABSENT, "no TPM answers at %s (0x%x)",
							   tcti, (unsigned) rc);
	return make_primary(tpm);
}

static void
flush(E3Tpm *tpm, ESYS_TR *handle)
{
	if (*handle != ESYS_TR_NONE)
		(void) Esys_FlushContext(tpm->esys, *handle);
	*handle = ESYS_TR_NONE;
}

void
e3_tpm_end(E3Tpm *tpm)
{
	for (int i = 0; i < E3_TPM_SESSIONS_MAX; i++)
		flush(tpm, &tpm->sessions[i]);
	flush(tpm, &tpm->object);
	flush(tpm, &tpm->primary);
	if (tpm->esys != NULL)
		Esys_Finalize(&tpm->esys);
	if (tpm->tcti != NULL)
		Tss2_TctiLdr_Finalize(&tpm->tcti);
}

EvwStatus
e3_tpm_session(E3Tpm *tpm, TPM2_SE type, TPMA_SESSION encrypted, ESYS_TR *session)
{
	const TPMT_SYM_DEF cipher = {.algorithm = TPM2_ALG_AES,
								 .keyBits.aes = 128,
								 .mode.aes = TPM2_ALG_CFB};
	TSS2_RC rc;
	int free = 0;

	while (free < E3_TPM_SESSIONS_MAX && tpm->sessions[free] != ESYS_TR_NONE)
		free++;
	if (free == E3_TPM_SESSIONS_MAX)
		return EVW_INTERNAL;
	rc = Esys_StartAuthSession(tpm->esys, tpm->primary, ESYS_TR_NONE, ESYS_TR_NONE,
							   ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &cipher,
							   TPM2_ALG_SHA256, &tpm->sessions[free]);
	*session = tpm->sessions[free];
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TRSess_SetAttributes(tpm->esys, *session,
									   TPMA_SESSION_CONTINUESESSION | encrypted,
									   TPMA_SESSION_CONTINUESESSION |
										   TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT);
	return e3_tpm_status(tpm, rc, "StartAuthSession");
}

EvwStatus
e3_tpm_policy(E3Tpm *tpm, ESYS_TR session, uint32_t pcrs)
{
	const TPML_PCR_SELECTION selection =
		{.count = 1,
		 .pcrSelections = {
			 {.hash = TPM2_ALG_SHA256,
			  .sizeofSelect = 3,
			  .pcrSelect = {(BYTE) pcrs, (BYTE) (pcrs >> 8), (BYTE) (pcrs >> 16)}}}};
	const TPM2B_DIGEST as_they_are = {0};
	TSS2_RC rc = Esys_PolicyPCR(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
								ESYS_TR_NONE, &as_they_are, &selection);

	return e3_tpm_status(tpm, rc, "PolicyPCR");
}
