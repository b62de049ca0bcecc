/*
 * cert/cert.c
 *	  Making certificates, with random serial numbers.
 */
#include "cert/cert.h"

#include "base/file.h"
#include "base/secret.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Clocks differ: valid since an hour ago. */
#define BACKDATED_SECONDS 3600L

#define SERIAL_BITS 127
#define FILE_MAX (1u << 20)

struct E3Cert
{
	X509 *x509;
	EVP_PKEY *key;
};

void
e3_cert_free(E3Cert *cert)
{
	if (cert == NULL)
		return;
	X509_free(cert->x509);
	EVP_PKEY_free(cert->key);
	free(cert);
}

static bool
set_serial(X509 *x509)
{
	BIGNUM *number = BN_new();
	bool good = number != NULL &&
				BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
				BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;

	BN_free(number);
	return good;
}

static bool
extend(X509 *x509, X509 *issuer, int what, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool good;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
	good = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

/* What is said of each use. */
static const struct
{
	const char *curve;
	const char *constraints;
	const char *usage;
	const char *extended; /* NULL: none, and no alternative names */
} uses[] = {
	[E3_CERT_CA] = {"P-256", "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign",
					NULL},
	[E3_CERT_SERVER] = {"P-256", "critical,CA:FALSE", "critical,digitalSignature",
						"serverAuth"},
	[E3_CERT_CLIENT] = {"P-256", "critical,CA:FALSE", "critical,digitalSignature",
						"clientAuth"},
	[E3_CERT_EVIDENCE_ROOT] = {"P-384", "critical,CA:TRUE,pathlen:1",
							   "critical,keyCertSign", NULL},
	[E3_CERT_EVIDENCE_ISSUER] = {"P-384", "critical,CA:TRUE,pathlen:0",
								 "critical,keyCertSign", NULL},
	[E3_CERT_EVIDENCE_SIGNER] = {"P-384", "critical,CA:FALSE",
								 "critical,digitalSignature", NULL},
};

static bool
is_evidence(E3CertUse use)
{
	return use >= E3_CERT_EVIDENCE_ROOT;
}

static bool
set_use(X509 *x509, X509 *issuer, const E3CertWish *wish)
{
	if (!extend(x509, issuer, NID_basic_constraints, uses[wish->use].constraints) ||
		!extend(x509, issuer, NID_key_usage, uses[wish->use].usage) ||
		!extend(x509, issuer, NID_subject_key_identifier, "hash") ||
		!extend(x509, issuer, NID_authority_key_identifier, "keyid:always"))
		return false;
	if (uses[wish->use].extended == NULL)
		return true;
	return extend(x509, issuer, NID_ext_key_usage, uses[wish->use].extended) &&
		   extend(x509, issuer, NID_subject_alt_name, wish->names);
}

static bool
fill(E3Cert *cert, const E3Cert *ca, const E3CertWish *wish)
{
	X509_NAME *subject = X509_get_subject_name(cert->x509);
	X509 *issuer = ca != NULL ? ca->x509 : cert->x509;

	return X509_set_version(cert->x509, X509_VERSION_3) == 1 && set_serial(cert->x509) &&
		   X509_gmtime_adj(X509_getm_notBefore(cert->x509), -BACKDATED_SECONDS) != NULL &&
		   X509_gmtime_adj(X509_getm_notAfter(cert->x509), (long) wish->seconds) !=
			   NULL &&
		   X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
									  (const unsigned char *) wish->subject, -1, -1,
									  0) == 1 &&
		   X509_set_issuer_name(cert->x509, X509_get_subject_name(issuer)) == 1 &&
		   X509_set_pubkey(cert->x509, cert->key) == 1 &&
		   set_use(cert->x509, issuer, wish) &&
		   X509_sign(cert->x509, ca != NULL ? ca->key : cert->key,
					 is_evidence(wish->use) ? EVP_sha384() : EVP_sha256()) > 0;
}

E3Cert *
e3_cert_new(const E3Cert *ca, const E3CertWish *wish)
{
	E3Cert *cert = calloc(1, sizeof(E3Cert));

	if (cert == NULL)
		return NULL;
	cert->x509 = X509_new();
	cert->key = EVP_EC_gen(uses[wish->use].curve);
	if (cert->x509 != NULL && cert->key != NULL && fill(cert, ca, wish))
		return cert;
	e3_cert_free(cert);
	return NULL;
}

/* The file as a BIO over "text", which holds it. */
static BIO *
open_file(const char *path, E3FileRule rule, EvwBuf *text)
{
	e3_buf_init(text);
	if (e3_file_read(path, rule, FILE_MAX, text) != E3_FILE_OK)
		return NULL;
	return BIO_new_mem_buf(text->data, (int) text->len);
}

static X509 *
read_certificate(const char *path)
{
	EvwBuf text;
	BIO *bio = open_file(path, E3_FILE_ANY, &text);
	X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	e3_buf_release(&text);
	return x509;
}

/* An empty passphrase: a key that needs one is refused, not asked about. */
static EVP_PKEY *
read_key(const char *path)
{
	EvwBuf text;
	BIO *bio = open_file(path, E3_FILE_CREDENTIAL, &text);
	EVP_PKEY *key =
		bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) "") : NULL;

	BIO_free(bio);
	e3_buf_release(&text);
	return key;
}

E3Cert *
e3_cert_read(const char *crt, const char *key)
{
	E3Cert *cert = calloc(1, sizeof(E3Cert));

	if (cert == NULL)
		return NULL;
	cert->x509 = read_certificate(crt);
	if (key != NULL)
		cert->key = read_key(key);
	if (cert->x509 != NULL &&
		(key == NULL ||
		 (cert->key != NULL && X509_check_private_key(cert->x509, cert->key) == 1)))
		return cert;
	e3_cert_free(cert);
	return NULL;
}

/* Moves what a memory BIO holds. */
static bool
take_text(BIO *bio, bool good, EvwBuf *text)
{
	char *at = NULL;
	long len = good ? BIO_get_mem_data(bio, &at) : 0;

	if (len > 0)
		evw_buf_append(text, at, (size_t) len);
	BIO_free(bio);
	return len > 0 && text->status == EVW_OK;
}

bool
e3_cert_write(const E3Cert *cert, EvwBuf *text)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio != NULL && take_text(bio, PEM_write_bio_X509(bio, cert->x509) == 1, text);
}

/* BIO_s_secmem: of the secure heap where there is one, and wiped. */
bool
e3_cert_write_key(const E3Cert *cert, EvwBuf *text)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return bio != NULL && take_text(bio,
									PEM_write_bio_PrivateKey(bio, cert->key, NULL, NULL,
															 0, NULL, NULL) == 1,
									text);
}

bool
e3_cert_write_der(const E3Cert *cert, EvwBuf *bytes)
{
	uint8_t *der = NULL;
	int len = i2d_X509(cert->x509, &der);

	if (len > 0)
		evw_buf_append(bytes, der, (size_t) len);
	OPENSSL_free(der);
	return len > 0 && bytes->status == EVW_OK;
}

bool
e3_cert_is_of(const E3Cert *cert, const E3Cert *issuer)
{
	char group[32] = "";

	return EVP_PKEY_get_group_name(X509_get0_pubkey(cert->x509), group, sizeof(group),
								   NULL) == 1 &&
		   strcmp(group, SN_secp384r1) == 0 &&
		   X509_check_issued(issuer->x509, cert->x509) == X509_V_OK &&
		   X509_verify(cert->x509, X509_get0_pubkey(issuer->x509)) == 1;
}

int64_t
e3_cert_ends(const E3Cert *cert)
{
	struct tm end;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert->x509), &end) != 1)
		return 0;
	return (int64_t) timegm(&end);
}

/* From DER to the two numbers, as long as the curve's. */
static bool
split_signature(const uint8_t *der, size_t len, uint8_t signature[E3_ES384_LEN])
{
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long) len);
	int half = E3_ES384_LEN / 2;
	bool good = parsed != NULL &&
				BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, half) == half &&
				BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + half, half) == half;

	ECDSA_SIG_free(parsed);
	return good;
}

bool
e3_cert_sign(const E3Cert *cert, EvwBytes bytes, uint8_t signature[E3_ES384_LEN])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[128];
	size_t len = sizeof(der);
	bool good = context != NULL &&
				EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, cert->key) == 1 &&
				EVP_DigestSign(context, der, &len, bytes.data, bytes.len) == 1 &&
				split_signature(der, len, signature);

	EVP_MD_CTX_free(context);
	return good;
}
