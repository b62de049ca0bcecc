/*
 * attest/root.c
 *	  Roots of trust.
 */
#include "attest/root.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const uint8_t evc_root_nitro[EVC_PIN_LEN] = {0x64, 0x1a, 0x03, 0x21, 0xa3, 0xe2, 0x44,
											 0xef, 0xe4, 0x56, 0x46, 0x31, 0x95, 0xd6,
											 0x06, 0x31, 0x7e, 0xd7, 0xcd, 0xcc, 0x3c,
											 0x17, 0x56, 0xe0, 0x98, 0x93, 0xf3, 0xc6,
											 0x8f, 0x79, 0xbb, 0x5b};

static const char *
hash_certificate(X509 *certificate, uint8_t pin[EVC_PIN_LEN])
{
	unsigned len = 0;

	if (X509_digest(certificate, EVP_sha256(), pin, &len) != 1 || len != EVC_PIN_LEN)
		return "cannot be hashed";
	return NULL;
}

static const char *
hash_only_certificate(BIO *text, uint8_t pin[EVC_PIN_LEN])
{
	X509 *first = PEM_read_bio_X509(text, NULL, NULL, NULL);
	X509 *second = first != NULL ? PEM_read_bio_X509(text, NULL, NULL, NULL) : NULL;
	const char *trouble = NULL;

	if (first == NULL)
		trouble = "has no certificate in PEM";
	else if (second != NULL)
		trouble = "has more than one certificate";
	else
		trouble = hash_certificate(first, pin);
	X509_free(first);
	X509_free(second);
	return trouble;
}

/* The bytes of a file, of which there are at most size; -1 and errno if not. */
static ssize_t
read_all(int file, char *bytes, size_t size)
{
	size_t len = 0;

	while (len < size)
	{
		ssize_t n = read(file, bytes + len, size - len);

		if (n == 0)
			break;
		if (n > 0)
			len += (size_t) n;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t) len;
}

static const char *
read_pin(int file, uint8_t pin[EVC_PIN_LEN])
{
	char bytes[EVC_ROOT_FILE_MAX + 1];
	struct stat about;
	ssize_t len;
	BIO *text;
	const char *trouble;

	if (fstat(file, &about) != 0)
		return EVC_ROOT_UNREADABLE;
	if (!S_ISREG(about.st_mode))
		return "is not a file";
	len = read_all(file, bytes, sizeof(bytes));
	if (len < 0)
		return EVC_ROOT_UNREADABLE;
	if (len > EVC_ROOT_FILE_MAX)
		return "is longer than 16384 bytes";
	text = BIO_new_mem_buf(bytes, (int) len);
	if (text == NULL)
		return "does not fit into memory";
	ERR_set_mark();
	trouble = hash_only_certificate(text, pin);
	ERR_pop_to_mark();
	BIO_free(text);
	return trouble;
}

const char *
evc_root_read(const char *path, uint8_t pin[EVC_PIN_LEN])
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *trouble;
	int saved;

	if (file < 0)
		return EVC_ROOT_UNREADABLE;
	trouble = read_pin(file, pin);
	saved = errno;
	close(file);
	errno = saved;
	return trouble;
}
