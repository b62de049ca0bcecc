/*
 * policy/decide.c
 *	  Is a request allowed, and by which rules?
 *
 * Each rule is asked in turn how far it goes along with the request.  Those that want
 * a credential are asked again when that has been verified, which is done only if
 * there are any.
 */
#include "policy/decide.h"

#include <stdio.h>
#include <string.h>

/* How far a rule goes along. */
typedef enum Step
{
	OTHER_PEER,
	OTHER_RIGHT,
	OTHER_APP,
	OTHER_ROLE,
	WANTS_CREDENTIAL,
	ALLOWS
} Step;

/* Of all rules. */
typedef struct Verdict
{
	Step furthest;
	const E3Rule *closest; /* the first that came so far */
	uint64_t wanting[E3_POLICY_RULES_MAX / 64];
} Verdict;

static void
set_bit(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static bool
has_bit(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static Step
step_of(const E3Rule *rule, const E3Ask *ask)
{
	if (!e3_peers_have(&rule->peers, e3_principal_peer(ask->who)))
		return OTHER_PEER;
	if (!(rule->rights & 1u << ask->right))
		return OTHER_RIGHT;
	if (ask->right != E3_RIGHT_ADMINISTER && !e3_words_have(&rule->apps, ask->app))
		return OTHER_APP;
	if (ask->has_role && !e3_words_have(&rule->roles, ask->role))
		return OTHER_ROLE;
	return rule->issuers != 0 ? WANTS_CREDENTIAL : ALLOWS;
}

static void
allow(E3Grant *grant, const E3Policy *policy, uint32_t i)
{
	const E3Rule *rule = &policy->rules[i];

	if (grant->line == 0)
	{
		memcpy(grant->rule, rule->name, sizeof(grant->rule));
		grant->line = rule->line;
	}
	set_bit(grant->rules, i);
	grant->every_role |= rule->roles.any;
}

static void
ask_rules(const E3Policy *policy, const E3Ask *ask, E3Grant *grant, Verdict *verdict)
{
	for (uint32_t i = 0; i < policy->n_rules; i++)
	{
		Step step = step_of(&policy->rules[i], ask);

		if (step > verdict->furthest)
		{
			verdict->furthest = step;
			verdict->closest = &policy->rules[i];
		}
		if (step == WANTS_CREDENTIAL)
			set_bit(verdict->wanting, i);
		else if (step == ALLOWS)
			allow(grant, policy, i);
	}
}

static bool
wants_any(const Verdict *verdict)
{
	uint64_t all = 0;

	for (size_t i = 0; i < sizeof(verdict->wanting) / sizeof(verdict->wanting[0]); i++)
		all |= verdict->wanting[i];
	return all != 0;
}

/* The rules that want a credential, now that there is one. */
static EvwStatus
ask_again(const E3Policy *policy, const E3Ask *ask, const Verdict *verdict,
		  E3Grant *grant, const char **cause)
{
	E3Claims claims;
	EvwStatus status =
		e3_principal_verify(ask->who, policy, ask->credential, &claims, cause);

	if (status != EVW_OK)
		return status;
	memcpy(grant->subject, claims.subject, sizeof(grant->subject));
	if (e3_token_covers(&claims, ask->right, ask->app))
		for (uint32_t i = 0; i < policy->n_rules; i++)
			if (has_bit(verdict->wanting, i) &&
				policy->rules[i].issuers >> claims.issuer & 1)
				allow(grant, policy, i);
	*cause = "it is of another issuer, or for other apps or operations";
	return grant->line > 0 ? EVW_OK : EVW_CREDENTIAL_SCOPE;
}

static void
name_rule(const E3Rule *rule, E3Grant *grant)
{
	memcpy(grant->rule, rule->name, sizeof(grant->rule));
	grant->line = rule->line;
}

static EvwStatus
refuse(const E3Ask *ask, const Verdict *verdict, E3Grant *grant,
	   char reason[E3_REASON_MAX])
{
	static const char *const ends[] = {[OTHER_RIGHT] = "is not for this operation",
									   [OTHER_APP] = "is not for this app",
									   [OTHER_ROLE] = "is not for this data role"};
	const E3Rule *rule = verdict->closest;

	if (rule == NULL)
	{
		(void) snprintf(reason, E3_REASON_MAX, "%s: no rule is for this peer",
						e3_right_name(ask->right));
		return EVW_POLICY_REFUSED;
	}
	name_rule(rule, grant);
	(void) snprintf(reason, E3_REASON_MAX, "%s: rule \"%s\" (line %u) %s",
					e3_right_name(ask->right), rule->name, rule->line,
					ends[verdict->furthest]);
	return EVW_POLICY_REFUSED;
}

/* Of a rule that wants a credential. */
static void
explain_credential(const E3Ask *ask, const Verdict *verdict, E3Grant *grant,
				   const char *cause, char reason[E3_REASON_MAX])
{
	uint32_t i = 0;

	while (!has_bit(verdict->wanting, i))
		i++;
	name_rule(&grant->policy->rules[i], grant);
	(void) snprintf(reason, E3_REASON_MAX,
					"%s: rule \"%s\" (line %u) demands a credential: %s",
					e3_right_name(ask->right), grant->rule, grant->line, cause);
}

static EvwStatus
decide(const E3Ask *ask, E3Grant *grant, char reason[E3_REASON_MAX])
{
	const E3Policy *policy = grant->policy;
	Verdict verdict = {.furthest = OTHER_PEER};
	const char *cause = "none was shown";
	EvwStatus status;

	ask_rules(policy, ask, grant, &verdict);
	if (!wants_any(&verdict))
		return grant->line > 0 ? EVW_OK : refuse(ask, &verdict, grant, reason);
	if (ask->credential.len == 0 && grant->line > 0)
		return EVW_OK;
	/* A bad credential is refused even where there would be less without one. */
	status = ask->credential.len > 0 ? ask_again(policy, ask, &verdict, grant, &cause)
									 : EVW_CREDENTIAL_MISSING;
	if (status != EVW_OK)
		explain_credential(ask, &verdict, grant, cause, reason);
	return status;
}

EvwStatus
e3_policy_decide(E3Policy *policy, const E3Ask *ask, E3Grant *grant,
				 char reason[E3_REASON_MAX])
{
	EvwStatus status;

	memset(grant, 0, sizeof(*grant));
	if (policy == NULL)
		return EVW_OK;
	grant->policy = e3_policy_retain(policy);
	status = decide(ask, grant, reason);
	if (status != EVW_OK)
		e3_grant_release(grant);
	return status;
}

bool
e3_grant_covers(const E3Grant *grant, EvwBytes role)
{
	const E3Policy *policy = grant->policy;

	if (policy == NULL || grant->every_role)
		return true;
	for (uint32_t i = 0; i < policy->n_rules; i++)
		if (has_bit(grant->rules, i) && e3_words_have(&policy->rules[i].roles, role))
			return true;
	return false;
}

void
e3_grant_release(E3Grant *grant)
{
	e3_policy_release(grant->policy);
	grant->policy = NULL;
}

bool
e3_policy_shows(const E3Policy *policy, const E3Identity *peer, EvwBytes app)
{
	if (policy == NULL)
		return true;
	for (uint32_t i = 0; i < policy->n_rules; i++)
		if (e3_peers_have(&policy->rules[i].peers, peer) &&
			e3_words_have(&policy->rules[i].apps, app))
			return true;
	return false;
}

bool
e3_policy_knows(const E3Policy *policy, const E3Identity *peer)
{
	if (policy == NULL)
		return true;
	for (uint32_t i = 0; i < policy->n_rules; i++)
		if (e3_peers_have(&policy->rules[i].peers, peer))
			return true;
	return false;
}
