/*
 * custody/tpm_private.h
 *	  A conversation with a TPM: what is made in it is flushed when it ends.
 */
#ifndef E3_TPM_PRIVATE_H
#define E3_TPM_PRIVATE_H

#include "custody/device.h"

#include <tss2/tss2_esys.h>

#define E3_TPM_SESSIONS_MAX 2

typedef struct E3Tpm
{
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR primary; /* each of these: ESYS_TR_NONE if there is none */
	ESYS_TR object;
	ESYS_TR sessions[E3_TPM_SESSIONS_MAX];
	E3CustodyCause *cause;
} E3Tpm;

/*
 * Connects, and has the TPM derive the primary key; e3_tpm_end is due whatever is
 * returned.  CUSTODY_ABSENT if no TPM answers there.
 */
extern EvwStatus e3_tpm_begin(E3Tpm *tpm, const char *tcti,
							  E3CustodyCause *cause) EVW_MUST_USE;
extern void e3_tpm_end(E3Tpm *tpm);

/*
 * A session of this type, salted with the primary key; "encrypted" is
 * TPMA_SESSION_DECRYPT for what is sent, _ENCRYPT for what is answered, or 0.
 */
extern EvwStatus e3_tpm_session(E3Tpm *tpm, TPM2_SE type, TPMA_SESSION encrypted,
								ESYS_TR *session) EVW_MUST_USE;

/* PolicyPCR with the registers as they are. */
extern EvwStatus e3_tpm_policy(E3Tpm *tpm, ESYS_TR session, uint32_t pcrs) EVW_MUST_USE;

/* OK, or CUSTODY_ABSENT or CUSTODY_REFUSED with the cause filled in. */
extern EvwStatus e3_tpm_status(E3Tpm *tpm, TSS2_RC rc, const char *command) EVW_MUST_USE;

#endif /* E3_TPM_PRIVATE_H */
