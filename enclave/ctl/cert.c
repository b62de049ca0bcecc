/*
 * ctl/cert.c
 *	  Making certificates: keys on P-256, random serial numbers.
 */
#include "ctl/certs.h"

#include "base/file.h"
#include "base/secret.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdlib.h>

#define SECONDS_A_DAY 86400L

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

static bool
set_use(X509 *x509, X509 *issuer, const E3CertWish *wish)
{
	bool ca = wish->use == E3_CERT_CA;

	if (!extend(x509, issuer, NID_basic_constraints,
				ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") ||
		!extend(x509, issuer, NID_key_usage,
				ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
		!extend(x509, issuer, NID_subject_key_identifier, "hash") ||
		!extend(x509, issuer, NID_authority_key_identifier, "keyid:always"))
		return false;
	if (ca)
		return true;
	return extend(x509, issuer, NID_ext_key_usage,
				  wish->use == E3_CERT_SERVER ? "serverAuth" : "clientAuth") &&
		   extend(x509, issuer, NID_subject_alt_name, wish->names);
}

static bool
fill(E3Cert *cert, const E3Cert *ca, const E3CertWish *wish)
{
	X509_NAME *subject = X509_get_subject_name(cert->x509);
	X509 *issuer = ca != NULL ? ca->x509 : cert->x509;

	return X509_set_version(cert->x509, X509_VERSION_3) == 1 && set_serial(cert->x509) &&
		   X509_gmtime_adj(X509_getm_notBefore(cert->x509), -BACKDATED_SECONDS) != NULL &&
		   X509_gmtime_adj(X509_getm_notAfter(cert->x509),
						   (long) wish->days * SECONDS_A_DAY) != NULL &&
		   X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
									  (const unsigned char *) wish->subject, -1, -1,
									  0) == 1 &&
		   X509_set_issuer_name(cert->x509, X509_get_subject_name(issuer)) == 1 &&
		   X509_set_pubkey(cert->x509, cert->key) == 1 &&
		   set_use(cert->x509, issuer, wish) &&
		   X509_sign(cert->x509, ca != NULL ? ca->key : cert->key, EVP_sha256()) > 0;
}

E3Cert *
e3_cert_new(const E3Cert *ca, const E3CertWish *wish)
{
	E3Cert *cert = calloc(1, sizeof(E3Cert));

	if (cert == NULL)
		return NULL;
	cert->x509 = X509_new();
	cert->key = EVP_EC_gen("P-256");
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

E3Cert *
e3_cert_read(const char *crt, const char *key)
{
	E3Cert *cert = calloc(1, sizeof(E3Cert));
	EvwBuf crt_text;
	EvwBuf key_text;
	BIO *crt_bio = open_file(crt, E3_FILE_ANY, &crt_text);
	BIO *key_bio = open_file(key, E3_FILE_CREDENTIAL, &key_text);

	if (cert != NULL && crt_bio != NULL && key_bio != NULL)
	{
		/* An empty passphrase: a key that needs one is refused, not asked about. */
		cert->x509 = PEM_read_bio_X509(crt_bio, NULL, NULL, NULL);
		cert->key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, (void *) "");
	}
	BIO_free(crt_bio);
	BIO_free(key_bio);
	e3_buf_release(&crt_text);
	e3_buf_release(&key_text);
	if (cert != NULL && cert->x509 != NULL && cert->key != NULL &&
		X509_check_private_key(cert->x509, cert->key) == 1)
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
