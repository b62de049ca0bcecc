/*
 * fortress/fortress.c
 *	  The steps, and the account of what they brought.
 */
#include "fortress/fortress.h"

#include "base/log.h"
#include "base/secret.h"
#include "fortress/kernel.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Written by the one thread that starts E3. */
static struct
{
	uint32_t left_out;
	uint32_t demanded;
	uint32_t granted;
} fortress;

static bool
is_wanted(E3Isolation measure)
{
	return (fortress.left_out & E3_ISOLATION_BIT(measure)) == 0;
}

static void
grant(E3Isolation measure, bool granted)
{
	if (granted)
		fortress.granted |= E3_ISOLATION_BIT(measure);
}

/* Not what was asked for at the start, but what the kernel says now. */
static void
look(void)
{
	struct rlimit core;
	uid_t real;
	uid_t effective;
	uid_t saved;

	grant(E3_NO_CORE, getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	grant(E3_NO_TRACE, prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	grant(E3_NO_NEW_PRIVILEGES, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	grant(E3_OWN_USER, getresuid(&real, &effective, &saved) == 0 && real != 0 &&
						   effective != 0 && saved != 0);
}

EvwStatus
e3_fortress_begin(uint32_t left_out, uint32_t demanded)
{
	bool hidden = false;

	fortress.left_out = left_out;
	fortress.demanded = demanded;
	if (is_wanted(E3_SECRET_MEMORY) && e3_secret_hide(&hidden) != EVW_OK)
		return EVW_INTERNAL;
	grant(E3_SECRET_MEMORY, hidden);
	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (is_wanted(E3_NO_NEW_CODE))
		grant(E3_NO_NEW_CODE, e3_kernel_forbid_code());
	return EVW_OK;
}

void
e3_fortress_close_paths(const E3FortressPath *paths, size_t n)
{
	if (is_wanted(E3_LANDLOCK))
		grant(E3_LANDLOCK, e3_kernel_close_paths(paths, n));
}

EvwStatus
e3_fortress_close_calls(void)
{
	char granted[E3_ISOLATION_TEXT_MAX];
	char missing[E3_ISOLATION_TEXT_MAX];
	uint32_t refused;

	/* Looked at before, as some of the questions are calls that end then. */
	look();
	if (is_wanted(E3_SECCOMP))
		grant(E3_SECCOMP, e3_kernel_close_calls());
	e3_log(fortress.granted == E3_ISOLATION_ALL ? E3_LOG_INFO : E3_LOG_WARNING,
		   "isolation", "granted=\"%s\" missing=\"%s\"",
		   e3_isolation_text(fortress.granted, granted),
		   e3_isolation_text(E3_ISOLATION_ALL & ~fortress.granted, missing));
	refused = fortress.demanded & ~fortress.granted;
	if (refused == 0)
		return EVW_OK;
	e3_log(E3_LOG_ERROR, "isolation_refused", "missing=\"%s\"",
		   e3_isolation_text(refused, missing));
	return EVW_CONFIG;
}

uint32_t
e3_fortress_granted(void)
{
	return fortress.granted;
}
