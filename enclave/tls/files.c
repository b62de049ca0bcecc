/*
 * tls/files.c
 *	  Certificates, key and revocation lists out of PEM files, checked.
 */
#include "tls/private.h"

#include "base/file.h"
#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One load: files in a row, and what went wrong. */
typedef struct Loading
{
	SSL_CTX *ssl;
	EVP_MD_CTX *digest;
	char *cause;
} Loading;

static bool
refuse(const Loading *loading, const char *path, const char *why)
{
	(void) snprintf(loading->cause, E3_TLS_CAUSE_MAX, "%s: %s", path, why);
	return false;
}

static const char *
file_trouble(E3FileResult result)
{
	switch (result)
	{
		case E3_FILE_SHARED:
			return "must be a file of E3's own user that nobody else may read";
		case E3_FILE_TOO_LONG:
			return "is longer than 1 MB";
		case E3_FILE_MISSING:
			return "does not exist";
		case E3_FILE_IO:
			return strerror(errno);
		default:
			return "out of memory";
	}
}

static bool
read_file(Loading *loading, const char *path, E3FileRule rule, EvwBuf *file)
{
	E3FileResult result;

	e3_buf_init(file);
	result = e3_file_read(path, rule, E3_TLS_FILE_MAX, file);
	if (result == E3_FILE_OK &&
		EVP_DigestUpdate(loading->digest, file->data, file->len) == 1 &&
		EVP_DigestUpdate(loading->digest, "", 1) == 1)
		return true;
	e3_buf_release(file);
	return refuse(loading, path, file_trouble(result));
}

/* NULL if it is valid today. */
static const char *
validity_trouble(const X509 *certificate)
{
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) >= 0)
		return "certificate is not valid yet";
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		return "certificate has expired";
	return NULL;
}

/* What is in one piece of a file is put to use; *used counts what was of the right kind.
 */
typedef bool (*UsePiece)(const Loading *loading, const char *path, const X509_INFO *piece,
						 int *used);

/* The first certificate of a file is E3's, the others lead to the root. */
static bool
use_certificate(const Loading *loading, const char *path, const X509_INFO *piece,
				int *used)
{
	const char *trouble;
	int taken;

	if (piece->x509 == NULL)
		return true;
	trouble = validity_trouble(piece->x509);
	if (trouble != NULL)
		return refuse(loading, path, trouble);
	taken = *used == 0 ? SSL_CTX_use_certificate(loading->ssl, piece->x509)
					   : SSL_CTX_add1_chain_cert(loading->ssl, piece->x509);
	++*used;
	if (taken == 1)
		return true;
	return refuse(loading, path,
				  ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_EE_KEY_TOO_SMALL
					  ? "the certificate's key is too weak"
					  : "certificate cannot be used");
}

static bool
use_client_ca(const Loading *loading, const char *path, const X509_INFO *piece, int *used)
{
	const char *trouble;

	if (piece->x509 == NULL)
		return true;
	++*used;
	trouble = validity_trouble(piece->x509);
	if (trouble != NULL)
		return refuse(loading, path, trouble);
	if (X509_check_ca(piece->x509) == 0)
		return refuse(loading, path, "certificate is not that of an authority");
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(loading->ssl), piece->x509) == 1 &&
		SSL_CTX_add_client_CA(loading->ssl, piece->x509) == 1)
		return true;
	return refuse(loading, path, "certificate cannot be used");
}

static bool
use_crl(const Loading *loading, const char *path, const X509_INFO *piece, int *used)
{
	X509_STORE *store = SSL_CTX_get_cert_store(loading->ssl);
	const ASN1_TIME *next;

	if (piece->crl == NULL)
		return true;
	++*used;
	next = X509_CRL_get0_nextUpdate(piece->crl);
	if (next == NULL || X509_cmp_current_time(next) <= 0)
		return refuse(loading, path, "revocation list has expired");
	/* The library would leave it out, and whom it alone revokes would be let in. */
	if (X509_CRL_get_ext_by_NID(piece->crl, NID_delta_crl, -1) >= 0)
		return refuse(loading, path, "revocation list has changes only");
	if (X509_STORE_add_crl(store, piece->crl) == 1 &&
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) ==
			1)
		return true;
	return refuse(loading, path, "revocation list cannot be used");
}

/* All pieces of a file, of which one at least must be of the right kind. */
static bool
load_pieces(Loading *loading, const char *path, UsePiece use, const char *otherwise)
{
	STACK_OF(X509_INFO) *pieces = NULL;
	EvwBuf file;
	BIO *bio;
	bool good = true;
	int used = 0;

	if (!read_file(loading, path, E3_FILE_ANY, &file))
		return false;
	bio = BIO_new_mem_buf(file.data, (int) file.len);
	/* None where anything in it is damaged: no list ends unread. */
	if (bio != NULL)
		pieces = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	for (int i = 0; good && i < sk_X509_INFO_num(pieces); i++)
		good = use(loading, path, sk_X509_INFO_value(pieces, i), &used);
	if (good && used == 0)
		good = refuse(loading, path, otherwise);
	sk_X509_INFO_pop_free(pieces, X509_INFO_free);
	BIO_free(bio);
	e3_buf_release(&file);
	return good;
}

/* Nobody is there to type one. */
static int
no_passphrase(char *buf, int size, int writing, void *user)
{
	(void) buf;
	(void) size;
	(void) writing;
	*(bool *) user = true;
	return -1;
}

static bool
load_key(Loading *loading, const char *path)
{
	bool encrypted = false;
	EvwBuf file;
	EVP_PKEY *key;
	BIO *bio;
	bool good;

	if (!read_file(loading, path, E3_FILE_CREDENTIAL, &file))
		return false;
	bio = BIO_new_mem_buf(file.data, (int) file.len);
	key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted)
					  : NULL;
	if (key == NULL)
		good = refuse(loading, path,
					  encrypted ? "is encrypted: E3 has no passphrase for it"
								: "is not a PEM file of a private key");
	else if (SSL_CTX_use_PrivateKey(loading->ssl, key) != 1 ||
			 SSL_CTX_check_private_key(loading->ssl) != 1)
		good = refuse(loading, path, "is not the key of the certificate");
	else
		good = true;
	EVP_PKEY_free(key);
	BIO_free(bio);
	e3_buf_release(&file);
	return good;
}

bool
e3_tls_files_load(E3TlsContext *context, const E3TlsFiles *files,
				  char cause[E3_TLS_CAUSE_MAX])
{
	Loading loading = {.ssl = context->ssl, .digest = EVP_MD_CTX_new(), .cause = cause};
	bool good;

	ERR_clear_error();
	if (loading.digest == NULL ||
		EVP_DigestInit_ex(loading.digest, EVP_sha256(), NULL) != 1)
		good = refuse(&loading, files->certificate, "out of memory");
	else
		good = load_pieces(&loading, files->certificate, use_certificate,
						   "is not a PEM file of certificates") &&
			   load_key(&loading, files->key) &&
			   load_pieces(&loading, files->client_ca, use_client_ca,
						   "is not a PEM file of certificates") &&
			   (files->crl[0] == '\0' ||
				load_pieces(&loading, files->crl, use_crl,
							"is not a PEM file of revocation lists")) &&
			   EVP_DigestFinal_ex(loading.digest, context->digest, NULL) == 1;
	EVP_MD_CTX_free(loading.digest);
	ERR_clear_error();
	return good;
}
