/*
 * guc_attest.h
 *	  The settings evcrypt.attestation..., and what they make of evidence.
 */
#ifndef EVC_GUC_ATTEST_H
#define EVC_GUC_ATTEST_H

#include "postgres.h"

#include "attest/verify.h"

/* Evidence was refused, or the settings about it do not do. */
#define ERRCODE_EVCRYPT_EVIDENCE MAKE_SQLSTATE('E', 'V', '0', '0', '6')

/* Counts changes of the settings here: a verdict under others no longer holds. */
extern uint64 evc_attestation_serial;

/*
 * Kind of evidence that E3 must give before it gets a value, as on the wire; NULL where
 * evcrypt.attestation is off.  Raises EV006 if what the server had set was lost.
 */
extern const char *evc_guc_evidence(void);

/*
 * What must be expected of it: root, policy, debug mode and how far clocks may differ.
 * Time, nonce and binding are left for the caller.  Raises EV006 if no measurement is
 * expected, or there is no root; the file of the root is read each time.
 */
extern void evc_guc_expect(EvcExpectations *expect);

extern void evc_guc_attest_init(void);

#endif /* EVC_GUC_ATTEST_H */
