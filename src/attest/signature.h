/*
 * attest/signature.h
 *	  ES384: ECDSA on P-384 with SHA-384 (RFC 9053, 2.1).
 */
#ifndef EVC_ATTEST_SIGNATURE_H
#define EVC_ATTEST_SIGNATURE_H

#include "attest/document.h"

#include <openssl/evp.h>

/*
 * Is "signature", r and s of 48 bytes each, that of the message made of the parts, by a
 * key on P-384?  SIGNATURE_LENGTH, SIGNATURE, NO_MEMORY or GOOD.
 */
extern EvcVerdict evc_es384_verify(EVP_PKEY *key, const EvwBytes *parts, size_t n_parts,
								   EvwBytes signature) EVW_MUST_USE;

/* The same of a document: over its Sig_structure (RFC 9052, 4.4), without more data. */
extern EvcVerdict evc_document_check_signature(const EvcDocument *document,
											   EVP_PKEY *key) EVW_MUST_USE;

#endif /* EVC_ATTEST_SIGNATURE_H */
