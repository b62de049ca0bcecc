/*
 * unit/pkits_help.c
 *	  Reading PKITS: certificates, keys in PKCS #12, and signed messages with what leads
 *	  to a certificate.
 */
#include "e3_help.h"
#include "pkits_help.h"

#include <dirent.h>
#include <openssl/cms.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <string.h>
#include <unistd.h>

#define VECTORS_MAX 300

static PkitsVector vectors[VECTORS_MAX];
static int n_vectors;
static OSSL_PROVIDER *providers[2];

static const char *
in_pkits(const char *folder, const char *file)
{
	static char path[PATH_MAX];

	(void) snprintf(path, sizeof(path), "%s/x509/PKITS_data/%s/%s", help_nist_dir(),
					folder, file);
	return path;
}

static CMS_ContentInfo *
read_message(const char *path)
{
	BIO *bio = BIO_new_file(path, "r");
	BIO *content = NULL;
	CMS_ContentInfo *message = SMIME_read_CMS(bio, &content);

	assert_non_null(message);
	BIO_free(content);
	BIO_free(bio);
	return message;
}

X509 *
help_pkits_certificate(const char *file)
{
	BIO *bio = BIO_new_file(in_pkits("certs", file), "rb");
	X509 *certificate = d2i_X509_bio(bio, NULL);

	assert_non_null(certificate);
	BIO_free(bio);
	return certificate;
}

/* "file" ends in "EE.crt"; the key lies elsewhere by the same name. */
static void
read_vector(PkitsVector *vector, const char *file)
{
	char store_file[PATH_MAX];
	PKCS12 *store;
	BIO *bio;

	assert_true(strlen(file) < PKITS_NAME_LEN);
	(void) snprintf(vector->name, PKITS_NAME_LEN, "%.*s", (int) strlen(file) - 6, file);
	vector->leaf = help_pkits_certificate(file);
	(void) snprintf(store_file, sizeof(store_file), "%sEE.p12", vector->name);
	bio = BIO_new_file(in_pkits("pkcs12", store_file), "rb");
	store = d2i_PKCS12_bio(bio, NULL);
	assert_int_equal(PKCS12_parse(store, "password", &vector->key, NULL, NULL), 1);
	PKCS12_free(store);
	BIO_free(bio);
}

static bool
has_certificate(STACK_OF(X509) * certificates, const X509 *wanted)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (X509_cmp(sk_X509_value(certificates, i), wanted) == 0)
			return true;
	return false;
}

/* What comes with the message belongs to the vector that signed it. */
static void
hand_out(CMS_ContentInfo *message)
{
	STACK_OF(X509) *certificates = CMS_get1_certs(message);

	for (int i = 0; i < n_vectors; i++)
		if (vectors[i].path == NULL && has_certificate(certificates, vectors[i].leaf))
		{
			vectors[i].path = X509_chain_up_ref(certificates);
			vectors[i].lists = CMS_get1_crls(message);
		}
	sk_X509_pop_free(certificates, X509_free);
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) > strlen(end) &&
		   strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void
read_all(void)
{
	DIR *files = opendir(in_pkits("certs", ""));
	const struct dirent *file;

	assert_non_null(files);
	while ((file = readdir(files)) != NULL)
		if (ends_with(file->d_name, "EE.crt"))
		{
			assert_true(n_vectors < VECTORS_MAX);
			read_vector(&vectors[n_vectors++], file->d_name);
		}
	closedir(files);
	files = opendir(in_pkits("smime", ""));
	while ((file = readdir(files)) != NULL)
		if (ends_with(file->d_name, ".eml"))
		{
			CMS_ContentInfo *message = read_message(in_pkits("smime", file->d_name));

			hand_out(message);
			CMS_ContentInfo_free(message);
		}
	closedir(files);
}

PkitsVector *
help_pkits_read(int *n)
{
	if (access(in_pkits("smime", ""), R_OK) != 0)
	{
		print_message("skipped: no PKITS; it comes with python3-cryptography-vectors\n");
		return NULL;
	}
	/* Where one is named, the other one has to be as well. */
	providers[0] = OSSL_PROVIDER_load(NULL, "default");
	providers[1] = OSSL_PROVIDER_load(NULL, "legacy");
	if (providers[1] == NULL)
	{
		print_message("skipped: PKITS's keys need OpenSSL's legacy provider\n");
		return NULL;
	}
	read_all();
	*n = n_vectors;
	return vectors;
}

void
help_pkits_free(void)
{
	for (int i = 0; i < n_vectors; i++)
	{
		EVP_PKEY_free(vectors[i].key);
		X509_free(vectors[i].leaf);
		sk_X509_pop_free(vectors[i].path, X509_free);
		sk_X509_CRL_pop_free(vectors[i].lists, X509_CRL_free);
	}
	for (int i = 0; i < 2; i++)
		if (providers[i] != NULL)
			OSSL_PROVIDER_unload(providers[i]);
}
