/*
 * rpc/admit.c
 *	  The one place where requests ask the policy.
 *
 * Root and E3's own user may always administer: they have E3 anyway, and somebody
 * must be able to mend a policy.  Everything else is for the policy to say, to them
 * as well.  Without one, whoever may connect may do everything but administer.
 */
#include "rpc/admit.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

/* What a verb takes; E3_RIGHTS: none that a rule could name. */
static E3Right
right_of(EvwVerb verb)
{
	switch (verb)
	{
		case EVW_VERB_ENCRYPT:
			return E3_RIGHT_ENCRYPT;
		case EVW_VERB_DECRYPT:
			return E3_RIGHT_DECRYPT;
		case EVW_VERB_REENCRYPT:
			return E3_RIGHT_REENCRYPT;
		case EVW_VERB_BLIND_INDEX:
			return E3_RIGHT_BLIND_INDEX;
		case EVW_VERB_RELOAD:
			return E3_RIGHT_ADMINISTER;
		default:
			return E3_RIGHTS;
	}
}

static const char *
peer_name(const E3Call *call, char text[E3_IDENTITY_TEXT_MAX])
{
	const E3Identity *peer = e3_principal_peer(call->principal);

	return peer != NULL ? e3_identity_text(peer, text) : "none";
}

static void
log_refusal(const E3Call *call, EvwStatus status)
{
	char peer[E3_IDENTITY_TEXT_MAX];

	e3_log(E3_LOG_WARNING, "request_refused", "peer=%s status=%s rule=\"%s\" line=%u",
		   peer_name(call, peer), evw_status_name(status), call->grant.rule,
		   call->grant.line);
}

/* KEYS shows an app's public keys, ECHO nothing of anybody's. */
static EvwStatus
admit_plain(E3Policy *policy, E3Call *call)
{
	const E3Identity *peer = e3_principal_peer(call->principal);
	bool is_keys = call->request.verb == EVW_VERB_KEYS;

	if (is_keys ? e3_policy_shows(policy, peer, call->request.header.app)
				: e3_policy_knows(policy, peer))
		return EVW_OK;
	(void) snprintf(call->reason, sizeof(call->reason), "no rule is for this peer%s",
					is_keys ? " and this app" : "");
	return EVW_POLICY_REFUSED;
}

static EvwStatus
take_quota(const E3RpcShared *shared, E3Call *call, E3Right right)
{
	const E3Identity *peer = e3_principal_peer(call->principal);
	const E3Quota *quota = e3_quota_of(call->grant.policy, peer, right);
	EvwStatus status;

	if (quota == NULL)
		return EVW_OK;
	status = e3_quotas_take(shared->quotas, quota, peer,
							evw_column_count(&call->request.values), e3_clock_ns(),
							&call->retry_ms);
	if (status == EVW_QUOTA_EXCEEDED)
		(void) snprintf(call->reason, sizeof(call->reason), "quota \"%s\" (line %u)%s",
						quota->name, quota->line,
						call->retry_ms == 0
							? ": the request has more values than it allows"
							: "");
	return status;
}

static EvwStatus
admit_right(const E3RpcShared *shared, E3Policy *policy, E3Call *call, E3Right right)
{
	const EvwRequestHeader *header = &call->request.header;
	const E3Ask ask = {.who = call->principal,
					   .right = right,
					   .app = header->app,
					   .has_role = right == E3_RIGHT_ENCRYPT,
					   .role = header->role,
					   .credential = header->credential};
	EvwStatus status;

	if (right == E3_RIGHT_ADMINISTER && call->administrator)
		return EVW_OK;
	if (right == E3_RIGHT_ADMINISTER && policy == NULL)
		return EVW_NOT_ALLOWED;
	status = e3_policy_decide(policy, &ask, &call->grant, call->reason);
	if (status == EVW_OK)
		status = take_quota(shared, call, right);
	return status;
}

EvwStatus
e3_admit(const E3RpcShared *shared, E3Call *call)
{
	E3Right right = right_of(call->request.verb);
	E3Policy *policy;
	EvwStatus status;

	/* E3's own; and evidence is for everybody, before anything is said. */
	if ((call->principal == NULL && call->administrator) ||
		call->request.verb == EVW_VERB_ATTEST)
		return EVW_OK;
	policy = e3_policy_acquire(shared->policy);
	if (call->principal == NULL && policy != NULL)
		status = EVW_POLICY_REFUSED;
	else
		status = right != E3_RIGHTS ? admit_right(shared, policy, call, right)
									: admit_plain(policy, call);
	e3_policy_release(policy);
	if (status != EVW_OK)
		log_refusal(call, status);
	/* Every request that opens ciphertexts, and every refusal. */
	if (status != EVW_OK || right == E3_RIGHT_DECRYPT || right == E3_RIGHT_REENCRYPT)
		call->audit = shared->audit;
	return status;
}

/* Which values they were is in the reply, which roles in the audit. */
static void
log_roles(const E3Call *call)
{
	char peer[E3_IDENTITY_TEXT_MAX];

	e3_log(E3_LOG_WARNING, "values_refused",
		   "peer=%s status=%s values=%u rule=\"%s\" line=%u", peer_name(call, peer),
		   evw_status_name(EVW_ROLE_REFUSED), call->role_refused, call->grant.rule,
		   call->grant.line);
}

EvwStatus
e3_admit_end(E3Call *call, EvwStatus status)
{
	E3Audit *audit = call->audit;
	E3AuditRecord record;
	EvwStatus written;

	if (call->role_refused > 0)
		log_roles(call);
	call->audit = NULL;
	if (audit == NULL)
		return status;
	e3_call_describe(call, status, &record);
	written = e3_audit_write(audit, &record);
	return status == EVW_OK ? written : status;
}

bool
e3_admit_stats(const E3RpcShared *shared, E3Principal *who, bool administrator)
{
	E3Policy *policy = e3_policy_acquire(shared->policy);
	const E3Ask ask = {.who = who, .right = E3_RIGHT_ADMINISTER};
	char reason[E3_REASON_MAX];
	E3Grant grant;
	bool good = administrator || policy == NULL;

	if (!good && e3_policy_decide(policy, &ask, &grant, reason) == EVW_OK)
	{
		e3_grant_release(&grant);
		good = true;
	}
	e3_policy_release(policy);
	return good;
}

bool
e3_admit_app(const E3RpcShared *shared, const E3Identity *peer, EvwBytes app)
{
	E3Policy *policy = e3_policy_acquire(shared->policy);
	bool good = e3_policy_shows(policy, peer, app);

	e3_policy_release(policy);
	return good;
}
