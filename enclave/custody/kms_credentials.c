/*
 * custody/kms_credentials.c
 *	  Who asks the KMS: a file of two or three lines.
 */
#include "custody/kms_private.h"

#include "base/file.h"

#include <string.h>

/* The next line, of printable characters, cut out in place; NULL if there is none. */
static const char *
take_line(char **rest)
{
	char *line = strsep(rest, "\n");

	if (line == NULL || line[0] == '\0')
		return NULL;
	for (const char *c = line; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return NULL;
	return line;
}

/* Between ID and secret libcurl has a colon. */
static bool
take_lines(char *text, size_t len, E3KmsCredentials *credentials)
{
	char *rest = text;

	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (strlen(text) != len)
		return false;
	credentials->id = take_line(&rest);
	credentials->secret = take_line(&rest);
	credentials->token = rest != NULL ? take_line(&rest) : NULL;
	return credentials->id != NULL && strchr(credentials->id, ':') == NULL &&
		   credentials->secret != NULL && rest == NULL;
}

EvwStatus
e3_kms_credentials_read(const char *path, E3KmsCredentials *credentials,
						E3CustodyCause *cause)
{
	EvwBuf text;

	memset(credentials, 0, sizeof(*credentials));
	evw_buf_fixed(&text, credentials->text, E3_KMS_CREDENTIALS_MAX);
	if (e3_file_read(path, E3_FILE_CREDENTIAL, E3_KMS_CREDENTIALS_MAX, &text) ==
			E3_FILE_OK &&
		take_lines(credentials->text, text.len, credentials))
		return EVW_OK;
	return e3_custody_fail(cause, EVW_PASSPHRASE,
						   "kms_credentials_file: not two or three lines, or others may "
						   "read it");
}
