/*
 * ctl/pair.c
 *	  Certificates and their keys in files, made where they are missing.
 */
#include "ctl/pair.h"

#include "ctl/ctl.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAYS_DEFAULT 365
#define DAYS_MAX 3650
#define SECONDS_A_DAY 86400

static bool
is_there(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

/* DIR/NAME.END */
static bool
path_of(const char *dir, const char *name, const char *end, char path[PATH_MAX])
{
	int len = snprintf(path, PATH_MAX, "%s/%s.%s", dir, name, end);

	return len > 0 && len < PATH_MAX;
}

static int
write_file(const char *path, EvwBytes bytes)
{
	if (e3_file_create(path, bytes) != E3_FILE_OK)
		return e3_ctl_fail("%s: %s", path, strerror(errno));
	printf("made %s\n", path);
	return EXIT_SUCCESS;
}

/* A certificate is for everybody to read. */
static int
write_pair(const char *crt, const char *key, const E3Cert *cert)
{
	EvwBuf text;
	int status = EXIT_FAILURE;

	e3_buf_init(&text);
	if (!e3_cert_write_key(cert, &text))
		(void) e3_ctl_fail("%s: cannot be written", key);
	else if (write_file(key, (EvwBytes){text.data, text.len}) == EXIT_SUCCESS)
	{
		text.len = 0;
		if (!e3_cert_write(cert, &text))
			(void) e3_ctl_fail("%s: cannot be written", crt);
		else
			status = write_file(crt, (EvwBytes){text.data, text.len});
	}
	e3_buf_release(&text);
	if (status == EXIT_SUCCESS && chmod(crt, 0644) != 0)
		status = e3_ctl_fail("%s: %s", crt, strerror(errno));
	return status;
}

int
e3_pair_make(const char *dir, const char *name, const E3Cert *ca, const E3CertWish *wish,
			 E3Cert **made)
{
	char crt[PATH_MAX];
	char key[PATH_MAX];
	E3Cert *cert;
	int status;

	*made = NULL;
	if (!path_of(dir, name, "crt", crt) || !path_of(dir, name, "key", key))
		return e3_ctl_fail("%s: %s", dir, strerror(ENAMETOOLONG));
	if (is_there(crt) && is_there(key))
		return EXIT_SUCCESS;
	if (is_there(crt) || is_there(key))
		return e3_ctl_fail("%s and %s: one is there without the other", crt, key);
	cert = e3_cert_new(ca, wish);
	if (cert == NULL)
		return e3_ctl_fail("%s: cannot be made", crt);
	status = write_pair(crt, key, cert);
	if (status == EXIT_SUCCESS)
		*made = cert;
	else
		e3_cert_free(cert);
	return status;
}

int
e3_pair_find(const char *dir, const char *name, const E3Cert *ca, const E3CertWish *wish,
			 E3Cert **found)
{
	char crt[PATH_MAX];
	char key[PATH_MAX];
	int status = e3_pair_make(dir, name, ca, wish, found);

	if (status != EXIT_SUCCESS || *found != NULL)
		return status;
	(void) path_of(dir, name, "crt", crt);
	(void) path_of(dir, name, "key", key);
	*found = e3_cert_read(crt, key);
	if (*found == NULL)
		return e3_ctl_fail("%s, %s: are not an authority's certificate and key", crt,
						   key);
	return EXIT_SUCCESS;
}

int
e3_pair_dir(const char *dir)
{
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return e3_ctl_fail("%s: %s", dir, strerror(errno));
	return EXIT_SUCCESS;
}

int
e3_pair_seconds(const char *days, uint32_t *seconds)
{
	uint64_t number = DAYS_DEFAULT;
	const char *end = "";

	if (days != NULL && (!e3_parse_digits(days, 10, &number, &end) || *end != '\0' ||
						 number < 1 || number > DAYS_MAX))
		return e3_ctl_fail("--days: must be a whole number from 1 to %d", DAYS_MAX);
	*seconds = (uint32_t) number * SECONDS_A_DAY;
	return EXIT_SUCCESS;
}
