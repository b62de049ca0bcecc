/*
 * attest/chain.h
 *	  The certificates of a document: root, authorities, signer.
 */
#ifndef EVC_ATTEST_CHAIN_H
#define EVC_ATTEST_CHAIN_H

#include "attest/document.h"

#include <openssl/x509.h>

/* What a chain is checked against. */
typedef struct EvcChainRules
{
	const uint8_t *root; /* SHA-256 of the root's DER, 32 bytes */
	int64_t now;		 /* seconds since 1970 */
	uint32_t skew_s;
} EvcChainRules;

/*
 * GOOD: *key is the signer's, which the caller frees, and *expires the second in which
 * the first of the certificates ends.  Else the first rule that one of them breaks, the
 * root's first; *key is then NULL, and *expires 0 where it is not known.
 */
extern EvcVerdict evc_chain_check(const EvcDocument *document, const EvcChainRules *rules,
								  EVP_PKEY **key, int64_t *expires) EVW_MUST_USE;

#endif /* EVC_ATTEST_CHAIN_H */
