/*
 * guc_credential.c
 *	  The setting evcrypt.credential, which nothing shows.
 *
 * It may be given by SET alone, for the session or the transaction: what a file, a
 * role, a database or a function keeps, others read.  SHOW says only whether there
 * is one, and no view lists it; an error about its value does not name that.
 */
#include "postgres.h"

#include "guc_credential.h"

#include "utils/guc.h"

#include "wire/limits.h"

char *evc_credential;

static bool
refuse(const char *detail)
{
	GUC_check_errmsg("invalid value for parameter \"evcrypt.credential\"");
	GUC_check_errdetail("%s", detail);
	return false;
}

static bool
check_credential(char **newval, void **extra, GucSource source)
{
	size_t len = strlen(*newval);

	if (len == 0)
		return true;
	if (source != PGC_S_SESSION)
		return refuse("A credential can be given by SET only, in the session.");
	if (len > EVW_CREDENTIAL_MAX)
		return refuse("A credential has at most 8192 bytes.");
	if (strspn(*newval, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
						"-_.") != len)
		return refuse("A credential is a JWT in its compact form.");
	return true;
}

StaticAssertDecl(EVW_CREDENTIAL_MAX == 8192, "the message above names the limit");

static const char *
show_credential(void)
{
	return *evc_credential != '\0' ? "****" : "";
}

void
evc_guc_credential_init(void)
{
	DefineCustomStringVariable("evcrypt.credential",
							   "Token that E3's policy may demand of this session.",
							   "Never shown.", &evc_credential, "", PGC_USERSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_credential, NULL, show_credential);
}
