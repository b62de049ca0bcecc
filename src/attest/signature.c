/*
 * attest/signature.c
 *	  ES384 by OpenSSL, which wants the two numbers in DER.
 */
#include "attest/signature.h"

#include "attest/cbor.h"

#include <openssl/ecdsa.h>

#define NUMBER_LEN (EVC_ES384_LEN / 2)

/* SEQUENCE { r, s }, to be freed with OPENSSL_free; 0: out of memory. */
static int
make_der(uint8_t **der, EvwBytes signature)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature.data, NUMBER_LEN, NULL);
	BIGNUM *s = BN_bin2bn(signature.data + NUMBER_LEN, NUMBER_LEN, NULL);
	int len = 0;

	*der = NULL;
	if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1)
		len = i2d_ECDSA_SIG(pair, der);
	else
	{
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return len > 0 ? len : 0;
}

EvcVerdict
evc_es384_verify(EVP_PKEY *key, const EvwBytes *parts, size_t n_parts, EvwBytes signature)
{
	EVP_MD_CTX *context;
	uint8_t *der;
	int len;
	bool good;

	if (signature.len != EVC_ES384_LEN)
		return EVC_VERDICT_SIGNATURE_LENGTH;
	len = make_der(&der, signature);
	context = EVP_MD_CTX_new();
	if (len == 0 || context == NULL)
	{
		OPENSSL_free(der);
		EVP_MD_CTX_free(context);
		return EVC_VERDICT_NO_MEMORY;
	}
	good = EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, key) == 1;
	for (size_t i = 0; i < n_parts; i++)
		good = good && EVP_DigestVerifyUpdate(context, parts[i].data, parts[i].len) == 1;
	good = good && EVP_DigestVerifyFinal(context, der, (size_t) len) == 1;
	EVP_MD_CTX_free(context);
	OPENSSL_free(der);
	return good ? EVC_VERDICT_GOOD : EVC_VERDICT_SIGNATURE;
}

EvcVerdict
evc_document_check_signature(const EvcDocument *document, EVP_PKEY *key)
{
	/* An array of four, the text "Signature1". */
	static const uint8_t context[] = "\x84\x6aSignature1";
	static const uint8_t no_more_data[] = {0x40};
	uint8_t header[EVC_CBOR_HEAD_MAX];
	uint8_t payload[EVC_CBOR_HEAD_MAX];
	const EvwBytes parts[] = {
		{context, sizeof(context) - 1},
		{header, evc_cbor_bytes_head(header, document->protected_header.len)},
		document->protected_header,
		{no_more_data, sizeof(no_more_data)},
		{payload, evc_cbor_bytes_head(payload, document->payload.len)},
		document->payload,
	};

	return evc_es384_verify(key, parts, sizeof(parts) / sizeof(parts[0]),
							document->signature);
}
