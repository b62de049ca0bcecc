/*
 * attest/pcr.h
 *	  The measurements (PCRs) that are expected, and what a document says.
 */
#ifndef EVC_ATTEST_PCR_H
#define EVC_ATTEST_PCR_H

#include "attest/document.h"

/* Longest text of a policy: 32 PCRs of 64 bytes in hexadecimal, and room for blanks. */
#define EVC_PCR_TEXT_MAX 8192

/* All zero is the empty policy. */
typedef struct EvcPcrPolicy
{
	uint32_t set; /* bit set of the PCRs that are expected */
	uint8_t lengths[EVC_PCRS_MAX];
	uint8_t values[EVC_PCRS_MAX][EVC_PCR_LEN_MAX];
} EvcPcrPolicy;

/*
 * Adds one expectation, "N=HEX": N is 0 to 31 and not yet there, HEX 32, 48 or 64
 * bytes.  NULL, or what is wrong, a sentence with its final stop.
 */
extern const char *evc_pcr_policy_add(EvcPcrPolicy *policy, const char *text, size_t len);

/*
 * Reads "N=HEX,N=HEX,...", with blanks around the parts; nothing but blanks is the
 * empty policy.  NULL, or what is wrong; the policy is then not to be used.
 */
extern const char *evc_pcr_policy_read(EvcPcrPolicy *policy, const char *text);

/* DEBUG if one of PCR0 to PCR2 is zero in all bytes, PCR_MISSING if it is not there. */
extern EvcVerdict evc_pcr_check_debug(const EvcDocument *document) EVW_MUST_USE;

/* POLICY_EMPTY, PCR_MISSING, PCR_DIFFERS or GOOD. */
extern EvcVerdict evc_pcr_check(const EvcPcrPolicy *policy,
								const EvcDocument *document) EVW_MUST_USE;

#endif /* EVC_ATTEST_PCR_H */
