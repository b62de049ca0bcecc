/*
 * fuzz/policy_fuzz.c
 *	  e3_policy_parse: it succeeds within its bounds, or names file and line; the same
 *	  text gives the same answer.
 */
#include "fuzz.h"

#include "policy/policy.h"

#include <string.h>

static void
check_bounds(const E3Policy *policy)
{
	FUZZ_CHECK(policy->n_rules <= E3_POLICY_RULES_MAX);
	FUZZ_CHECK(policy->n_issuers <= E3_POLICY_ISSUERS_MAX);
	FUZZ_CHECK(policy->n_quotas <= E3_POLICY_QUOTAS_MAX);
	for (uint32_t i = 0; i < policy->n_rules; i++)
	{
		const E3Rule *rule = &policy->rules[i];

		FUZZ_CHECK(rule->rights != 0 && rule->rights < 1u << E3_RIGHTS);
		FUZZ_CHECK(rule->peers.any || rule->peers.count > 0);
		FUZZ_CHECK(rule->peers.count <= E3_POLICY_WORDS_MAX);
		FUZZ_CHECK(rule->issuers >> policy->n_issuers == 0);
		FUZZ_CHECK((rule->issuers != 0) == (rule->credentials.count > 0));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static E3PolicyError error;
	const char *text = (const char *) data;
	E3Policy *first;
	E3Policy *second;
	EvwStatus status;

	memset(&error, 0, sizeof(error));
	status = e3_policy_parse(text, size, "fuzz", &first, &error);
	FUZZ_CHECK(status == EVW_OK || status == EVW_CONFIG);
	FUZZ_CHECK((status == EVW_OK) == (first != NULL));
	if (status == EVW_OK)
		check_bounds(first);
	else
		FUZZ_CHECK(strncmp(error.text, "fuzz:", 5) == 0);
	FUZZ_CHECK(e3_policy_parse(text, size, "fuzz", &second, &error) == status);
	e3_policy_release(first);
	e3_policy_release(second);
	return 0;
}
