/*
 * policy/check.c
 *	  What a policy's sections must have, and what they say of each other.
 */
#include "policy/parse.h"

#include <string.h>

static bool
has_peers(const E3Peers *peers)
{
	return peers->any || peers->count > 0;
}

static bool
has_words(const E3Words *words)
{
	return words->any || words->none || words->count > 0;
}

/* Of the section that begins in this line. */
static bool
fail_at(E3PolicyParser *parser, unsigned line, const char *cause)
{
	parser->ini.line = line;
	return e3_ini_fail(&parser->ini, "%s", cause);
}

/* Apps and roles say nothing of who may only administer. */
static bool
check_rule(E3PolicyParser *parser, const E3Rule *rule)
{
	if (!has_peers(&rule->peers))
		return fail_at(parser, rule->line, "the rule has no identity");
	if (rule->rights == 0)
		return fail_at(parser, rule->line, "the rule has no operations");
	if (rule->rights == 1u << E3_RIGHT_ADMINISTER)
		return true;
	if (!has_words(&rule->apps))
		return fail_at(parser, rule->line, "the rule has no apps");
	if (!has_words(&rule->roles))
		return fail_at(parser, rule->line, "the rule has no roles");
	return true;
}

static bool
check_issuer(E3PolicyParser *parser, const E3Issuer *issuer)
{
	if (issuer->issuer[0] == '\0')
		return fail_at(parser, issuer->line, "the issuer has no issuer");
	if (issuer->n_keys == 0)
		return fail_at(parser, issuer->line, "the issuer has no key");
	for (const E3Issuer *other = parser->policy->issuers; other != issuer; other++)
		if (strcmp(other->issuer, issuer->issuer) == 0)
			return fail_at(parser, issuer->line, "another section has the same issuer");
	return true;
}

static bool
check_quota(E3PolicyParser *parser, E3Quota *quota)
{
	if (!has_peers(&quota->peers))
		return fail_at(parser, quota->line, "the quota has no identity");
	if (quota->per_second == 0 && quota->per_day == 0)
		return fail_at(parser, quota->line,
					   "the quota has neither values_per_second nor values_per_day");
	if (quota->burst != 0 && quota->per_second == 0)
		return fail_at(parser, quota->line, "burst needs values_per_second");
	if (quota->burst == 0)
		quota->burst = quota->per_second;
	return true;
}

static bool
resolve_credential(E3PolicyParser *parser, E3Rule *rule, const char *name)
{
	const E3Policy *policy = parser->policy;

	for (uint32_t i = 0; i < policy->n_issuers; i++)
		if (strcmp(policy->issuers[i].name, name) == 0)
		{
			rule->issuers |= UINT32_C(1) << i;
			return true;
		}
	return fail_at(parser, rule->line,
				   "the rule demands a credential of an issuer that is not here");
}

bool
e3_policy_check(E3PolicyParser *parser)
{
	E3Policy *policy = parser->policy;

	for (uint32_t i = 0; i < policy->n_issuers; i++)
		if (!check_issuer(parser, &policy->issuers[i]))
			return false;
	for (uint32_t i = 0; i < policy->n_quotas; i++)
		if (!check_quota(parser, &policy->quotas[i]))
			return false;
	for (uint32_t i = 0; i < policy->n_rules; i++)
	{
		E3Rule *rule = &policy->rules[i];

		if (!check_rule(parser, rule))
			return false;
		for (uint32_t j = 0; j < rule->credentials.count; j++)
			if (!resolve_credential(parser, rule, rule->credentials.list[j]))
				return false;
	}
	return true;
}
