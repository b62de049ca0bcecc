/*
 * attest/verify.c
 *	  The verdict on a document of evidence.
 */
#include "attest/verify.h"

#include "attest/chain.h"
#include "attest/signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

/* A caller that forgot something gets a refusal. */
static bool
expects_something(const EvcExpectations *expect)
{
	return expect->root_given &&
		   (expect->nonce.len > 0 || (expect->unchecked & EVC_UNCHECKED_NONCE)) &&
		   (expect->binding.len > 0 || (expect->unchecked & EVC_UNCHECKED_BINDING));
}

static EvcVerdict
check_signed(const EvcExpectations *expect, EvcAttested *attested)
{
	const EvcChainRules rules = {expect->root, expect->now, expect->skew_s};
	EVP_PKEY *key;
	EvcVerdict verdict =
		evc_chain_check(&attested->document, &rules, &key, &attested->expires);

	if (verdict == EVC_VERDICT_GOOD)
		verdict = evc_document_check_signature(&attested->document, key);
	EVP_PKEY_free(key);
	return verdict;
}

static EvcVerdict
check_freshness(const EvcExpectations *expect, uint64_t timestamp_ms)
{
	int64_t now = expect->now * 1000;
	int64_t skew = (int64_t) expect->skew_s * 1000;
	int64_t age = (int64_t) expect->max_age_s * 1000;

	if ((int64_t) timestamp_ms > now + skew)
		return EVC_VERDICT_FROM_THE_FUTURE;
	return (int64_t) timestamp_ms < now - skew - age ? EVC_VERDICT_STALE
													 : EVC_VERDICT_GOOD;
}

/* In a time that says nothing of where they differ. */
static EvcVerdict
check_same(EvwBytes is, EvwBytes shall, EvcVerdict missing, EvcVerdict differs)
{
	if (is.data == NULL)
		return missing;
	if (is.len != shall.len || CRYPTO_memcmp(is.data, shall.data, shall.len) != 0)
		return differs;
	return EVC_VERDICT_GOOD;
}

static EvcVerdict
check_content(const EvcExpectations *expect, const EvcDocument *document)
{
	EvcVerdict verdict = check_freshness(expect, document->timestamp_ms);

	if (verdict == EVC_VERDICT_GOOD && !(expect->unchecked & EVC_UNCHECKED_NONCE))
		verdict = check_same(document->nonce, expect->nonce, EVC_VERDICT_NONCE_MISSING,
							 EVC_VERDICT_NONCE);
	if (verdict == EVC_VERDICT_GOOD && !expect->debug_allowed)
		verdict = evc_pcr_check_debug(document);
	if (verdict == EVC_VERDICT_GOOD)
		verdict = evc_pcr_check(&expect->policy, document);
	if (verdict == EVC_VERDICT_GOOD && !(expect->unchecked & EVC_UNCHECKED_BINDING))
		verdict = check_same(document->user_data, expect->binding,
							 EVC_VERDICT_BINDING_MISSING, EVC_VERDICT_BINDING);
	return verdict;
}

static EvcVerdict
parse(EvwBytes bytes, const EvcExpectations *expect, EvcAttested *attested)
{
	attested->expires = 0;
	attested->is_unsigned =
		(expect->unchecked & EVC_UNCHECKED_SIGNATURE) &&
		evc_document_parse_unsigned(bytes, &attested->document) == EVC_VERDICT_GOOD;
	if (!attested->is_unsigned)
		return evc_document_parse(bytes, &attested->document);
	attested->expires = expect->now + EVC_UNSIGNED_LIFE;
	return EVC_VERDICT_GOOD;
}

EvcVerdict
evc_attest_verify(EvwBytes bytes, const EvcExpectations *expect, EvcAttested *attested)
{
	EvcVerdict verdict = parse(bytes, expect, attested);

	if (verdict != EVC_VERDICT_GOOD)
		return verdict;
	if (!expects_something(expect))
		return EVC_VERDICT_NOTHING_EXPECTED;
	ERR_set_mark();
	if (!attested->is_unsigned)
		verdict = check_signed(expect, attested);
	ERR_pop_to_mark();
	return verdict == EVC_VERDICT_GOOD ? check_content(expect, &attested->document)
									   : verdict;
}
