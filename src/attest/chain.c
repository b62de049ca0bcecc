/*
 * attest/chain.c
 *	  The certificates of a document.
 *
 * Each rule that evidence lives by is checked by hand, so that a refusal has a name;
 * then OpenSSL checks the whole once more by all that it knows of RFC 5280.
 */
#include "attest/chain.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/sha.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* The bundle and the signer. */
#define CERTIFICATES_MAX (EVC_BUNDLE_MAX + 1)

typedef struct Chain
{
	X509 *certificates[CERTIFICATES_MAX]; /* root first, signer last */
	int count;
} Chain;

static bool
is_pinned(EvwBytes der, const uint8_t *pin)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	SHA256(der.data, der.len, hash);
	return CRYPTO_memcmp(hash, pin, sizeof(hash)) == 0;
}

static bool
parse(Chain *chain, EvwBytes der)
{
	const uint8_t *at = der.data;
	X509 *certificate = d2i_X509(NULL, &at, (long) der.len);

	if (certificate == NULL)
		return false;
	chain->certificates[chain->count++] = certificate;
	return at == der.data + der.len &&
		   (X509_get_extension_flags(certificate) & EXFLAG_INVALID) == 0;
}

static EvcVerdict
open_chain(Chain *chain, const EvcDocument *document)
{
	for (uint32_t i = 0; i < document->n_bundle; i++)
		if (!parse(chain, document->bundle[i]))
			return EVC_VERDICT_CERTIFICATE;
	return parse(chain, document->certificate) ? EVC_VERDICT_GOOD
											   : EVC_VERDICT_CERTIFICATE;
}

static void
close_chain(Chain *chain)
{
	for (int i = 0; i < chain->count; i++)
		X509_free(chain->certificates[i]);
}

static EvcVerdict
check_key(X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char curve[32] = "";

	if (key == NULL)
		return EVC_VERDICT_CERTIFICATE_KEY;
	if (EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1)
		return EVC_VERDICT_CERTIFICATE_KEY;
	if (strcmp(curve, SN_secp521r1) == 0)
		return EVC_VERDICT_CERTIFICATE_P521;
	return strcmp(curve, SN_secp384r1) == 0 ? EVC_VERDICT_GOOD
											: EVC_VERDICT_CERTIFICATE_KEY;
}

/* Of a root, itself is the issuer. */
static EvcVerdict
check_issuer(X509 *certificate, X509 *issuer)
{
	if (X509_get_signature_nid(certificate) != NID_ecdsa_with_SHA384)
		return EVC_VERDICT_CERTIFICATE_ALGORITHM;
	if (X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) !=
		0)
		return EVC_VERDICT_ISSUER;
	return X509_verify(certificate, X509_get0_pubkey(issuer)) == 1
			   ? EVC_VERDICT_GOOD
			   : EVC_VERDICT_CERTIFICATE_SIGNATURE;
}

static bool
read_time(const ASN1_TIME *time, int64_t *seconds)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(time, &parts) != 1)
		return false;
	*seconds = (int64_t) timegm(&parts);
	return true;
}

static EvcVerdict
check_validity(X509 *certificate, const EvcChainRules *rules, int64_t *expires)
{
	int64_t from;
	int64_t to;

	if (!read_time(X509_get0_notBefore(certificate), &from) ||
		!read_time(X509_get0_notAfter(certificate), &to))
		return EVC_VERDICT_CERTIFICATE;
	if (*expires == 0 || to < *expires)
		*expires = to;
	if (rules->now < from - rules->skew_s)
		return EVC_VERDICT_NOT_YET_VALID;
	return rules->now > to + rules->skew_s ? EVC_VERDICT_EXPIRED : EVC_VERDICT_GOOD;
}

static bool
has_usage(X509 *certificate, uint32_t usage)
{
	return (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0 &&
		   (X509_get_key_usage(certificate) & usage) != 0;
}

/* "below": authorities that follow it. */
static EvcVerdict
check_authority(X509 *certificate, long below)
{
	int at = X509_get_ext_by_NID(certificate, NID_basic_constraints, -1);
	long most = X509_get_pathlen(certificate);

	if ((X509_get_extension_flags(certificate) & EXFLAG_CA) == 0 || at < 0 ||
		!X509_EXTENSION_get_critical(X509_get_ext(certificate, at)))
		return EVC_VERDICT_NOT_AN_AUTHORITY;
	if (most >= 0 && below > most)
		return EVC_VERDICT_PATH_LENGTH;
	return has_usage(certificate, KU_KEY_CERT_SIGN) ? EVC_VERDICT_GOOD
													: EVC_VERDICT_AUTHORITY_USAGE;
}

static EvcVerdict
check_signer(X509 *certificate)
{
	if (X509_get_extension_flags(certificate) & EXFLAG_CA)
		return EVC_VERDICT_LEAF_AUTHORITY;
	return has_usage(certificate, KU_DIGITAL_SIGNATURE) ? EVC_VERDICT_GOOD
														: EVC_VERDICT_LEAF_USAGE;
}

static EvcVerdict
check_one(const Chain *chain, int i, const EvcChainRules *rules, int64_t *expires)
{
	X509 *certificate = chain->certificates[i];
	X509 *issuer = chain->certificates[i > 0 ? i - 1 : 0];
	EvcVerdict verdict = check_key(certificate);

	if (verdict == EVC_VERDICT_GOOD)
		verdict = check_issuer(certificate, issuer);
	if (verdict == EVC_VERDICT_GOOD)
		verdict = check_validity(certificate, rules, expires);
	if (verdict != EVC_VERDICT_GOOD)
		return verdict;
	return i == chain->count - 1 ? check_signer(certificate)
								 : check_authority(certificate, chain->count - 2 - i);
}

/*
 * Time is checked by then.  Not X509_V_FLAG_X509_STRICT: the certificates that AWS
 * makes for a host and for an enclave have no key identifiers.
 */
static bool
set_up(X509_STORE_CTX *context, X509_STORE *store, STACK_OF(X509) * others,
	   const Chain *chain)
{
	X509_VERIFY_PARAM *parameters;

	for (int i = 1; i < chain->count - 1; i++)
		if (sk_X509_push(others, chain->certificates[i]) == 0)
			return false;
	if (X509_STORE_add_cert(store, chain->certificates[0]) != 1 ||
		X509_STORE_CTX_init(context, store, chain->certificates[chain->count - 1],
							others) != 1)
		return false;
	parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_depth(parameters, CERTIFICATES_MAX);
	return X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_NO_CHECK_TIME) == 1;
}

static EvcVerdict
check_by_openssl(const Chain *chain)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	EvcVerdict verdict = EVC_VERDICT_NO_MEMORY;

	if (context != NULL && store != NULL && others != NULL &&
		set_up(context, store, others, chain))
		verdict = X509_verify_cert(context) == 1 ? EVC_VERDICT_GOOD : EVC_VERDICT_CHAIN;
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	sk_X509_free(others);
	return verdict;
}

EvcVerdict
evc_chain_check(const EvcDocument *document, const EvcChainRules *rules, EVP_PKEY **key,
				int64_t *expires)
{
	Chain chain = {.count = 0};
	EvcVerdict verdict = EVC_VERDICT_ROOT;

	*key = NULL;
	*expires = 0;
	if (is_pinned(document->bundle[0], rules->root))
		verdict = open_chain(&chain, document);
	for (int i = 0; i < chain.count && verdict == EVC_VERDICT_GOOD; i++)
		verdict = check_one(&chain, i, rules, expires);
	if (verdict == EVC_VERDICT_GOOD)
		verdict = check_by_openssl(&chain);
	if (verdict == EVC_VERDICT_GOOD)
	{
		*key = X509_get_pubkey(chain.certificates[chain.count - 1]);
		if (*key == NULL)
			verdict = EVC_VERDICT_NO_MEMORY;
	}
	close_chain(&chain);
	return verdict;
}
