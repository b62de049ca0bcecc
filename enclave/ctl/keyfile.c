/*
 * ctl/keyfile.c
 *	  PEM and hex.
 *
 * Text and key lie in the locked arena; so does what OpenSSL decodes on the way.
 */
#include "ctl/keyfile.h"

#include "base/file.h"
#include "base/secret.h"
#include "ctl/ctl.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <string.h>

#define HEX_DIGITS (2 * E3_PRIVATE_LEN)

typedef struct KeyFile
{
	char text[E3_KEYFILE_MAX];
	size_t len;
	uint8_t private_key[E3_PRIVATE_LEN];
} KeyFile;

static bool
read_text(const char *path, KeyFile *file)
{
	const char *cause = "not a regular file";
	E3FileResult result;
	EvwBuf text;

	evw_buf_fixed(&text, file->text, sizeof(file->text));
	result = e3_file_read(path, E3_FILE_ANY, sizeof(file->text), &text);
	file->len = text.len;
	if (result == E3_FILE_OK)
		return true;
	if (result == E3_FILE_TOO_LONG)
		cause = "too long for a private key";
	else if (result != E3_FILE_SHARED)
		cause = strerror(result == E3_FILE_MISSING ? ENOENT : errno);
	(void) e3_ctl_fail("%s: %s", path, cause);
	return false;
}

/* White space at the end is all that may stand beside the digits. */
static bool
read_hex(KeyFile *file)
{
	size_t len = file->len;

	while (len > 0 && strchr(" \t\r\n", file->text[len - 1]) != NULL)
		len--;
	if (len != HEX_DIGITS)
		return false;
	for (size_t i = 0; i < HEX_DIGITS; i++)
	{
		int digit = OPENSSL_hexchar2int((unsigned char) file->text[i]);

		if (digit < 0)
			return false;
		file->private_key[i / 2] =
			(uint8_t) (file->private_key[i / 2] << 4 | (unsigned) digit);
	}
	return true;
}

/* Nobody is asked for the password of an encrypted key. */
static int
refuse_password(char *out, int size, int writing, void *user)
{
	(void) out;
	(void) size;
	(void) writing;
	(void) user;
	return -1;
}

static EVP_PKEY *
decode_pem(const KeyFile *file)
{
	BIO *bio = BIO_new_mem_buf(file->text, (int) file->len);
	EVP_PKEY *key = NULL;

	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, refuse_password, NULL);
	BIO_free(bio);
	return key;
}

static bool
is_on_curve(const EVP_PKEY *key, EvwCurve curve)
{
	const char *expected = curve == EVW_CURVE_P256 ? SN_X9_62_prime256v1 : SN_secp256k1;
	char name[64];

	return EVP_PKEY_is_a(key, "EC") &&
		   EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name,
										  sizeof(name), NULL) == 1 &&
		   strcmp(name, expected) == 0;
}

/* A public key in the file that is another's is a sign of a mix-up. */
static bool
is_consistent(EVP_PKEY *key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good = context != NULL && EVP_PKEY_pairwise_check(context) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

static bool
take_private(const EVP_PKEY *key, KeyFile *file)
{
	BIGNUM *number = BN_secure_new();
	bool good = number != NULL &&
				EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
				BN_bn2binpad(number, file->private_key, E3_PRIVATE_LEN) > 0;

	BN_clear_free(number);
	return good;
}

/* NULL, or what is wrong with the PEM. */
static const char *
read_pem(KeyFile *file, EvwCurve curve)
{
	EVP_PKEY *key = decode_pem(file);
	const char *cause = NULL;

	if (key == NULL)
		cause = memmem(file->text, file->len, "ENCRYPTED", strlen("ENCRYPTED")) != NULL
					? "the private key is encrypted; decrypt it first"
					: "neither a private key in PEM nor 64 hex digits";
	else if (!is_on_curve(key, curve))
		cause = curve == EVW_CURVE_P256 ? "not a private key on P-256"
										: "not a private key on secp256k1";
	else if (!is_consistent(key) || !take_private(key, file))
		cause = evw_status_message(EVW_BAD_KEY);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return cause;
}

static E3KeyPair *
read_pair(const char *path, EvwCurve curve, KeyFile *file)
{
	const char *cause = NULL;
	E3KeyPair *pair = NULL;
	EvwStatus status;

	if (!read_text(path, file))
		return NULL;
	if (!read_hex(file))
		cause = read_pem(file, curve);
	if (cause == NULL)
	{
		status = e3_key_pair_from_private(curve, file->private_key, &pair);
		cause = status == EVW_OK ? NULL : evw_status_message(status);
	}
	if (cause != NULL)
		(void) e3_ctl_fail("%s: %s", path, cause);
	return pair;
}

E3KeyPair *
e3_keyfile_read(const char *path, EvwCurve curve)
{
	KeyFile *file = e3_secret_alloc(sizeof(*file));
	E3KeyPair *pair;

	if (file == NULL)
	{
		(void) e3_ctl_fail("%s", evw_status_message(EVW_OUT_OF_MEMORY));
		return NULL;
	}
	pair = read_pair(path, curve, file);
	e3_secret_free(file, sizeof(*file));
	return pair;
}
