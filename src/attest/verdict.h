/*
 * attest/verdict.h
 *	  What the verifier says of evidence: good, or the one rule that it breaks.
 */
#ifndef EVC_VERDICT_H
#define EVC_VERDICT_H

#define EVC_VERDICT_LIST(X)                                                              \
	X(GOOD, "evidence is good")                                                          \
	/* The caller has not said what it expects. */                                       \
	X(NOTHING_EXPECTED, "no root, nonce or binding was given to compare with")           \
	X(POLICY_EMPTY, "no measurement is expected")                                        \
	/* CBOR, RFC 8949 */                                                                 \
	X(TOO_LONG, "document is longer than the limit")                                     \
	X(TRUNCATED, "document ends too early")                                              \
	X(MALFORMED, "document is not well-formed CBOR")                                     \
	X(NOT_SHORTEST, "CBOR is not in its shortest form")                                  \
	X(INDEFINITE, "CBOR is of indefinite length where it may not be")                    \
	X(TRAILING_BYTES, "bytes follow the document or its payload")                        \
	X(DUPLICATE_KEY, "key of a map is there twice")                                      \
	/* COSE_Sign1, RFC 9052 */                                                           \
	X(NOT_COSE_SIGN1, "document is not a COSE_Sign1")                                    \
	X(PROTECTED_HEADER, "protected header is not the algorithm alone")                   \
	X(ALGORITHM, "signature algorithm is not ES384")                                     \
	X(ALGORITHM_P521, "signature algorithm ES512, on P-521, is not supported")           \
	X(UNPROTECTED_HEADER, "unprotected header is not empty")                             \
	X(PAYLOAD_TOO_LONG, "payload is longer than the limit")                              \
	X(SIGNATURE_LENGTH, "signature is not of 96 bytes")                                  \
	/* The payload, as AWS's NSM makes it */                                             \
	X(NOT_A_MAP, "payload is not a map with text keys")                                  \
	X(UNKNOWN_FIELD, "payload has a field that is not known")                            \
	X(MISSING_FIELD, "payload lacks a field")                                            \
	X(FIELD_KIND, "field is of another kind than it must be")                            \
	X(FIELD_LENGTH, "field is empty, or longer than the limit")                          \
	X(DIGEST, "digest is not SHA384")                                                    \
	X(TIMESTAMP, "timestamp is zero or too large")                                       \
	X(PCR_COUNT, "there are no PCRs, or more than 32")                                   \
	X(PCR_INDEX, "index of a PCR is not 0 to 31")                                        \
	X(PCR_LENGTH, "PCR is not of 32, 48 or 64 bytes")                                    \
	X(BUNDLE_COUNT, "there are no certificates of authorities, or more than the limit")  \
	/* Certificates, RFC 5280 */                                                         \
	X(ROOT, "root certificate is not the pinned one")                                    \
	X(CERTIFICATE, "certificate is malformed")                                           \
	X(CERTIFICATE_KEY, "key of a certificate is not on P-384")                           \
	X(CERTIFICATE_P521, "key of a certificate is on P-521, which is not supported")      \
	X(CERTIFICATE_ALGORITHM, "certificate is not signed by ECDSA with SHA-384")          \
	X(ISSUER, "certificate names another issuer than the one before it")                 \
	X(CERTIFICATE_SIGNATURE, "signature of a certificate is wrong")                      \
	X(NOT_YET_VALID, "certificate is not yet valid")                                     \
	X(EXPIRED, "certificate has expired")                                                \
	X(NOT_AN_AUTHORITY, "certificate of an authority has no critical BasicConstraints")  \
	X(PATH_LENGTH, "chain is longer than a certificate allows")                          \
	X(AUTHORITY_USAGE, "certificate of an authority may not sign certificates")          \
	X(LEAF_AUTHORITY, "certificate of the signer is an authority's")                     \
	X(LEAF_USAGE, "certificate of the signer may not sign")                              \
	X(CHAIN, "certificates break another rule of X.509")                                 \
	/* What it says */                                                                   \
	X(SIGNATURE, "signature of the document is wrong")                                   \
	X(STALE, "document is too old")                                                      \
	X(FROM_THE_FUTURE, "document is from the future")                                    \
	X(NONCE_MISSING, "document has no nonce")                                            \
	X(NONCE, "nonce is another one")                                                     \
	X(DEBUG, "enclave is in debug mode: its first measurements are zero")                \
	X(PCR_MISSING, "PCR that is expected is not there")                                  \
	X(PCR_DIFFERS, "measurement is not the one that is expected")                        \
	X(BINDING_MISSING, "document has no user_data")                                      \
	X(BINDING, "document is bound to another connection")                                \
	X(NO_MEMORY, "out of memory")

typedef enum EvcVerdict
{
#define EVC_VERDICT_ENUM(name, text) EVC_VERDICT_##name,
	EVC_VERDICT_LIST(EVC_VERDICT_ENUM)
#undef EVC_VERDICT_ENUM
		EVC_N_VERDICTS
} EvcVerdict;

/* "GOOD", "STALE" and so on. */
extern const char *evc_verdict_name(EvcVerdict verdict);

/* A sentence without a final stop; nothing of the document is in it. */
extern const char *evc_verdict_text(EvcVerdict verdict);

#endif /* EVC_VERDICT_H */
