/*
 * custody/kms_envelope.c
 *	  The key pair of one question to a KMS, and the envelope that comes back: OpenSSL's
 *	  CMS.
 *
 * AES-CBC proves nothing about what it decrypts.  The keyring does, which opens under its
 * own key alone.
 */
#include "custody/kms_private.h"

#include "base/secret.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* Of a key that lives as long as one question, whose answer comes over TLS besides. */
#define RSA_BITS 2048

E3KmsPair *
e3_kms_pair_new(void)
{
	return EVP_RSA_gen(RSA_BITS);
}

void
e3_kms_pair_free(E3KmsPair *pair)
{
	EVP_PKEY_free(pair);
}

bool
e3_kms_pair_public(E3KmsPair *pair, EvwBuf *der)
{
	unsigned char *bytes = NULL;
	int len = i2d_PUBKEY(pair, &bytes);

	if (len > 0)
		evw_buf_append(der, bytes, (size_t) len);
	OPENSSL_free(bytes);
	ERR_clear_error();
	return len > 0 && der->status == EVW_OK;
}

/* OAEP with SHA-256 (RFC 4055, 4.1), no label; the mask's hash is the KMS's choice. */
static bool
is_oaep_sha256(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object;
	const ASN1_OBJECT *hash = NULL;
	const void *parameters;
	RSA_OAEP_PARAMS *oaep = NULL;
	int type;
	bool good;

	X509_ALGOR_get0(&object, &type, &parameters, algorithm);
	if (OBJ_obj2nid(object) == NID_rsaesOaep && type == V_ASN1_SEQUENCE)
		oaep = ASN1_item_unpack(parameters, ASN1_ITEM_rptr(RSA_OAEP_PARAMS));
	if (oaep != NULL && oaep->hashFunc != NULL)
		X509_ALGOR_get0(&hash, NULL, NULL, oaep->hashFunc);
	good = hash != NULL && OBJ_obj2nid(hash) == NID_sha256 && oaep->pSourceFunc == NULL;
	RSA_OAEP_PARAMS_free(oaep);
	return good;
}

static bool
is_for_one(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(cms);
	CMS_RecipientInfo *recipient;
	X509_ALGOR *algorithm = NULL;

	if (sk_CMS_RecipientInfo_num(recipients) != 1)
		return false;
	recipient = sk_CMS_RecipientInfo_value(recipients, 0);
	return CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS &&
		   CMS_RecipientInfo_ktri_get0_algs(recipient, NULL, NULL, &algorithm) == 1 &&
		   is_oaep_sha256(algorithm);
}

/* Reads the content to its end through the cipher; false unless it is just a key. */
static bool
read_key(BIO *content, uint8_t *key)
{
	const size_t size = 2 * E3_CUSTODY_KEY_LEN;
	BIO *decryption = BIO_find_type(content, BIO_TYPE_CIPHER);
	uint8_t *bytes = e3_secret_alloc(size);
	EVP_CIPHER_CTX *cipher = NULL;
	size_t len = 0;
	int got = 1;
	bool good = false;

	if (decryption != NULL && bytes != NULL &&
		BIO_get_cipher_ctx(decryption, &cipher) == 1 &&
		EVP_CIPHER_CTX_is_encrypting(cipher) == 0 &&
		EVP_CIPHER_CTX_get_nid(cipher) == NID_aes_256_cbc)
	{
		while (got > 0 && len < size)
		{
			got = BIO_read(content, bytes + len, (int) (size - len));
			if (got > 0)
				len += (size_t) got;
		}
		good = got <= 0 && len == E3_CUSTODY_KEY_LEN &&
			   BIO_get_cipher_status(decryption) == 1;
	}
	if (good)
		memcpy(key, bytes, E3_CUSTODY_KEY_LEN);
	e3_secret_free(bytes, size);
	return good;
}

static EvwStatus
open_cms(CMS_ContentInfo *cms, E3KmsPair *pair, uint8_t *key, E3CustodyCause *cause)
{
	BIO *content = NULL;
	bool good;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_enveloped || !is_for_one(cms))
		return e3_custody_fail(cause, EVW_CUSTODY_REFUSED,
							   "the KMS's envelope is not RSAES-OAEP-SHA-256's");
	if (CMS_decrypt_set1_pkey(cms, pair, NULL) == 1)
		content = CMS_dataInit(cms, NULL);
	good = content != NULL && read_key(content, key);
	BIO_free_all(content);
	return good ? EVW_OK
				: e3_custody_fail(cause, EVW_CUSTODY_REFUSED,
								  "the KMS's envelope does not open, or has no key");
}

EvwStatus
e3_kms_envelope_open(E3KmsPair *pair, EvwBytes envelope, uint8_t *key,
					 E3CustodyCause *cause)
{
	const unsigned char *at = envelope.data;
	CMS_ContentInfo *cms = NULL;
	EvwStatus status;

	if (envelope.len <= E3_CUSTODY_BLOB_MAX)
		cms = d2i_CMS_ContentInfo(NULL, &at, (long) envelope.len);
	if (cms != NULL && at == envelope.data + envelope.len)
		status = open_cms(cms, pair, key, cause);
	else
		status =
			e3_custody_fail(cause, EVW_CUSTODY_REFUSED, "the KMS's envelope is damaged");
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return status;
}
