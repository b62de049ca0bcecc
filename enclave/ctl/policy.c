/*
 * ctl/policy.c
 *	  The policy, looked at before E3 takes it up.
 */
#include "base/file.h"
#include "ctl/ctl.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Root becomes E3's user, to whom the keyring belongs: whom E3 trusts and what it can
 * read depends on who it is.  Nothing is done after the check, so nobody comes back. */
static bool
become_e3(const E3Ctl *ctl)
{
	uid_t uid;
	gid_t gid;

	return geteuid() != 0 || (e3_file_owner(ctl->config.keyring, &uid, &gid) &&
							  setegid(gid) == 0 && seteuid(uid) == 0);
}

int
e3_ctl_policy_check(E3Ctl *ctl)
{
	const char *path = ctl->args[0] != NULL ? ctl->args[0] : ctl->config.policy;
	E3PolicyError error;
	E3Policy *policy;
	EvwStatus status;

	if (ctl->args[1] != NULL)
		return e3_ctl_fail("one policy at a time");
	if (path[0] == '\0')
		return e3_ctl_fail("%s names no policy", ctl->config_path);
	if (!become_e3(ctl))
		return e3_ctl_fail("cannot look as the owner of %s", ctl->config.keyring);
	status = e3_policy_load(path, &policy, &error);
	if (status == EVW_CONFIG)
		return e3_ctl_fail("%s", error.text);
	if (status != EVW_OK)
		return e3_ctl_fail("%s", evw_status_message(status));
	printf("%s: %u rules, %u issuers, %u quotas\n", path, policy->n_rules,
		   policy->n_issuers, policy->n_quotas);
	e3_policy_release(policy);
	return EXIT_SUCCESS;
}
