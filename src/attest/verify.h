/*
 * attest/verify.h
 *	  The verdict on a document of evidence.
 *
 * Pure: no socket, no clock, no file, no PostgreSQL; only what is given counts, and
 * the same gives the same.  It allocates through OpenSSL and gives all back; it raises
 * nothing and leaves no error in OpenSSL's queue.
 *
 * How a client uses it on a new connection, and again before "expires":
 *
 *	 1. HELLO both ways, the two frames kept; "evidence" among E3's kinds.
 *	 2. 32 fresh random bytes as the nonce, used once: evw_attest_encode.
 *	 3. evw_evidence_decode; the kind must be the one that was asked for.
 *	 4. evw_binding_encode of its own end of the connection, SHA-256 of that.
 *	 5. The expectations from the settings (evc_guc_attestation), now, nonce, binding.
 *	 6. evc_attest_verify; anything but GOOD closes the connection before any value.
 */
#ifndef EVC_ATTEST_VERIFY_H
#define EVC_ATTEST_VERIFY_H

#include "attest/document.h"
#include "attest/pcr.h"
#include "attest/verdict.h"
#include "wire/status.h"

#define EVC_PIN_LEN 32

/* Seconds that clocks may differ, and that a document lives. */
#define EVC_SKEW_DEFAULT 300
#define EVC_SKEW_MAX 3600
#define EVC_AGE_MAX 60

/* What whoever reads a document from a file may leave out; never on a connection. */
#define EVC_UNCHECKED_NONCE 1u
#define EVC_UNCHECKED_BINDING 2u
/* For tests with an emulator: a document that nobody has signed is looked at all the
 * same.  One that somebody has, or may have, is checked like any other. */
#define EVC_UNCHECKED_SIGNATURE 4u

/* Seconds that a document without certificates holds. */
#define EVC_UNSIGNED_LIFE 3600

/* All zero expects nothing, and so refuses everything. */
typedef struct EvcExpectations
{
	uint8_t root[EVC_PIN_LEN]; /* SHA-256 of the root certificate's DER */
	bool root_given;
	int64_t now;		 /* seconds since 1970, UTC */
	uint32_t skew_s;	 /* of certificates and the timestamp, either way */
	uint32_t max_age_s;	 /* of the timestamp, beside the skew */
	EvwBytes nonce;		 /* that was sent */
	EvwBytes binding;	 /* user_data that this connection has */
	EvcPcrPolicy policy; /* must name a PCR */
	bool debug_allowed;	 /* PCR0 to PCR2 may be zero, or not there */
	unsigned unchecked;	 /* EVC_UNCHECKED_... */
} EvcExpectations;

typedef struct EvcAttested
{
	EvcDocument document; /* points into the bytes given; all zero if malformed */
	int64_t expires;	  /* first certificate's end, seconds; 0: not known */
	bool is_unsigned;	  /* EVC_UNCHECKED_SIGNATURE, and nobody has signed it */
} EvcAttested;

/*
 * GOOD, or the first rule that the document breaks: form, certificates, signature,
 * time, nonce, debug mode, measurements, binding, in this order, so that nothing that
 * is not signed is compared.  "attested" may then be looked at, but not believed.
 */
extern EvcVerdict evc_attest_verify(EvwBytes bytes, const EvcExpectations *expect,
									EvcAttested *attested) EVW_MUST_USE;

#endif /* EVC_ATTEST_VERIFY_H */
