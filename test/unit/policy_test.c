/*
 * unit/policy_test.c
 *	  The policy file: what it may say, which error names which line, and what the
 *	  rules come to.
 */
#include "e3_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide.h"

#define RULE                                                                             \
	"[rule r]\n"                                                                         \
	"identity = any\n"                                                                   \
	"operations = encrypt\n"                                                             \
	"apps = *\n"                                                                         \
	"roles = *\n"

static EvwStatus
parse(const char *text, E3Policy **policy, E3PolicyError *error)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, strlen(text)});
	EvwStatus status;

	error->text[0] = '\0';
	status = e3_policy_parse((const char *) exact.data, exact.len, "p", policy, error);
	help_release(exact);
	return status;
}

static void
expect_error(const char *text, const char *shall)
{
	E3PolicyError error;
	E3Policy *policy;

	assert_status(parse(text, &policy, &error), EVW_CONFIG);
	assert_null(policy);
	assert_string_equal(error.text, shall);
}

static E3Policy *
expect_policy(const char *text)
{
	E3PolicyError error;
	E3Policy *policy;

	if (parse(text, &policy, &error) != EVW_OK)
		fail_msg("%s", error.text);
	return policy;
}

static void
sections_are_read(void **state)
{
	E3Policy *policy = expect_policy("; comment\n"
									 "[issuer i]\n"
									 "issuer = https://x\n"
									 "audience = e3\n"
									 "key = /a.pem\n"
									 "key = /b.pem\n"
									 "max_lifetime_s = 86400\n"
									 "skew_s = 0\n"
									 "[rule a]\n"
									 "identity = uid:1, dns:DB.example ,uri:spiffe://x\n"
									 "identity = vsock:3\n"
									 "operations = decrypt,administer\n"
									 "apps = one, two\n"
									 "roles = (none), pii\n"
									 "credential = i\n"
									 "[quota q]\n"
									 "identity = any\n"
									 "values_per_second = 10\n"
									 "values_per_day = 1000000000\n"
									 "[quota p]\n"
									 "identity = any\n"
									 "operations = blind_index, reencrypt\n"
									 "values_per_day = 1\n");
	const E3Rule *rule = policy->rules;

	(void) state;
	assert_int_equal(policy->n_rules, 1);
	assert_string_equal(rule->name, "a");
	assert_int_equal(rule->line, 9);
	assert_int_equal(rule->peers.count, 4);
	assert_string_equal(rule->peers.list[1].name, "db.example");
	assert_int_equal(rule->rights, 1u << E3_RIGHT_DECRYPT | 1u << E3_RIGHT_ADMINISTER);
	assert_int_equal(rule->apps.count, 2);
	assert_true(rule->roles.none);
	assert_int_equal(rule->issuers, 1);
	assert_int_equal(policy->issuers[0].n_keys, 2);
	assert_int_equal(policy->issuers[0].lifetime_s, 86400);
	assert_int_equal(policy->issuers[0].skew_s, 0);
	assert_int_equal(policy->quotas[0].burst, 10);
	assert_int_equal(policy->quotas[0].rights, 1u << E3_RIGHT_DECRYPT);
	assert_int_equal(policy->quotas[1].rights,
					 1u << E3_RIGHT_BLIND_INDEX | 1u << E3_RIGHT_REENCRYPT);
	e3_policy_release(policy);
}

static void
errors_name_line_and_cause(void **state)
{
	static const char *const cases[][2] = {
		{"x = y\n", "p:1: key stands before the first section"},
		{"[rule]\n", "p:1: a section is [rule NAME], [issuer NAME] or [quota NAME]"},
		{"[rule A]\n", "p:1: a name is 1 to 63 of a-z, 0-9, '_' and '-'"},
		{"\v[rule r]\n", "p:1: line begins with white space"},
		{"[rule r] x\n", "p:1: a section is a name in square brackets and nothing more"},
		{"[rule r]\n[rule r]\n", "p:2: a section of this kind and name is there already"},
		{"[rule r]\nidentity = you\n",
		 "p:2: identity: must be any, or begin with uid:, user:, dns:, uri: or vsock:"},
		{"[rule r]\nidentity = user:no such user\n",
		 "p:2: identity: names a user that does not exist"},
		{"[rule r]\nidentity = uid:4294967296\n",
		 "p:2: identity: must be any, or begin with uid:, user:, dns:, uri: or vsock:"},
		{"[rule r]\nidentity = any,\n",
		 "p:2: identity: must be any, or begin with uid:, user:, dns:, uri: or vsock:"},
		{"[rule r]\noperations = read\n",
		 "p:2: operations: must be of encrypt, decrypt, blind_index, reencrypt, "
		 "administer"},
		{"[rule r]\noperations = encrypt\noperations = encrypt\n",
		 "p:3: operations: is given twice"},
		{"[rule r]\napps = A\n", "p:2: apps: must be names of apps, or *"},
		{"[rule r]\nroles = a_b\n",
		 "p:2: roles: must be data roles, (none), or * for all and none"},
		{"[rule r]\nverbs = x\n", "p:2: a rule has no key of this name"},
		{"[rule r]\noperations = encrypt\n", "p:1: the rule has no identity"},
		{"[rule r]\nidentity = any\n", "p:1: the rule has no operations"},
		{"[rule r]\nidentity = any\noperations = decrypt\nroles = *\n",
		 "p:1: the rule has no apps"},
		{"[rule r]\nidentity = any\noperations = decrypt\napps = *\n",
		 "p:1: the rule has no roles"},
		{RULE "credential = i\n",
		 "p:1: the rule demands a credential of an issuer that is not here"},
		{"[issuer i]\nkey = /k\n", "p:1: the issuer has no issuer"},
		{"[issuer i]\nissuer = x\n", "p:1: the issuer has no key"},
		{"[issuer i]\nissuer = x\nkey = k\n", "p:3: key: must be an absolute path"},
		{"[issuer i]\nskew_s = 301\n",
		 "p:2: skew_s: must be a whole number from 0 to 300"},
		{"[issuer i]\nmax_lifetime_s = 86401\n",
		 "p:2: max_lifetime_s: must be a whole number from 1 to 86400"},
		{"[issuer i]\nissuer = x\nkey = /k\n[issuer j]\nissuer = x\nkey = /k\n",
		 "p:4: another section has the same issuer"},
		{"[quota q]\nidentity = any\n",
		 "p:1: the quota has neither values_per_second nor values_per_day"},
		{"[quota q]\nidentity = any\nvalues_per_day = 1\nburst = 1\n",
		 "p:1: burst needs values_per_second"},
		{"[quota q]\noperations = decrypt, encrypt\n",
		 "p:2: operations: a quota counts decrypt, reencrypt and blind_index"},
		{"[quota q]\noperations = administer\n",
		 "p:2: operations: a quota counts decrypt, reencrypt and blind_index"},
		{"[quota q]\noperations = decrypt\noperations = decrypt\n",
		 "p:3: operations: is given twice"},
		{"[quota q]\nvalues_per_second = 0\n",
		 "p:2: values_per_second: must be a whole number from 1 to 1000000000"},
		{"[quota q]\nvalues_per_second = 1000000001\n",
		 "p:2: values_per_second: must be a whole number from 1 to 1000000000"},
		{"[quota q]\nvalues_per_second = 1k\n",
		 "p:2: values_per_second: must be a whole number from 1 to 1000000000"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_error(cases[i][0], cases[i][1]);
}

/* So many sections of a kind, each with its own name. */
static char *
repeat(const char *head, const char *body, uint32_t count)
{
	size_t size = (count + 1) * (strlen(head) + strlen(body) + 64);
	char *text = calloc(1, size);
	size_t len = 0;

	for (uint32_t i = 0; i < count; i++)
		len += (size_t) snprintf(text + len, size - len, "[%s n%u]\n%s", head, i, body);
	return text;
}

static void
expect_limit(const char *head, const char *body, uint32_t max)
{
	char *text = repeat(head, body, max);
	E3PolicyError error;
	E3Policy *policy = expect_policy(text);

	e3_policy_release(policy);
	free(text);
	text = repeat(head, body, max + 1);
	assert_status(parse(text, &policy, &error), EVW_CONFIG);
	assert_non_null(strstr(error.text, "sections of a kind"));
	free(text);
}

static void
limits_hold_at_the_limit_and_above(void **state)
{
	char long_list[8192] = "[rule r]\noperations = encrypt\nroles=*\napps=*\n";
	size_t len = strlen(long_list);
	E3PolicyError error;
	E3Policy *policy;
	char *large = calloc(1, E3_POLICY_FILE_MAX + 2);

	(void) state;
	expect_limit("rule", "identity = any\noperations = administer\n",
				 E3_POLICY_RULES_MAX);
	expect_limit("quota", "identity = any\nvalues_per_day = 1\n", E3_POLICY_QUOTAS_MAX);
	for (uint32_t i = 0; i < E3_POLICY_WORDS_MAX; i++)
		len += (size_t) snprintf(long_list + len, sizeof(long_list) - len,
								 "identity = uid:%u\n", i);
	e3_policy_release(expect_policy(long_list));
	(void) snprintf(long_list + len, sizeof(long_list) - len, "identity = uid:99\n");
	assert_status(parse(long_list, &policy, &error), EVW_CONFIG);
	assert_string_equal(error.text, "p:69: more than 64 identities");

	for (uint32_t i = 0; i < E3_POLICY_FILE_MAX; i++)
		large[i] = i % 2 == 0 ? ';' : '\n';
	e3_policy_release(expect_policy(large));
	large[E3_POLICY_FILE_MAX] = ';';
	expect_error(large, "p:0: file is longer than 262144 bytes");
	free(large);
}

/* ---- what the rules come to ---- */

static const char matrix[] = "[rule writer]\n"
							 "identity = uid:1\n"
							 "operations = encrypt\n"
							 "apps = a\n"
							 "roles = (none), low\n"
							 "[rule reader]\n"
							 "identity = uid:1, uid:2\n"
							 "operations = decrypt\n"
							 "apps = a, b\n"
							 "roles = low\n"
							 "[rule all]\n"
							 "identity = uid:3\n"
							 "operations = encrypt, decrypt, blind_index, reencrypt\n"
							 "apps = *\n"
							 "roles = *\n"
							 "[rule admin]\n"
							 "identity = dns:ops\n"
							 "operations = administer\n";

typedef struct Case
{
	const char *peer;
	E3Right right;
	const char *app;
	const char *role; /* NULL: not known yet */
	EvwStatus status;
	const char *says; /* rule that grants, or reason */
} Case;

static EvwBytes
bytes_of(const char *text)
{
	return (EvwBytes){(const uint8_t *) text, text != NULL ? strlen(text) : 0};
}

static void
expect_case(E3Policy *policy, const Case *one)
{
	E3Identity peer;
	E3Ask ask = {.right = one->right,
				 .app = bytes_of(one->app),
				 .has_role = one->role != NULL,
				 .role = bytes_of(one->role)};
	char reason[E3_REASON_MAX];
	E3Grant grant;

	assert_true(e3_identity_parse(&peer, one->peer));
	ask.who = e3_principal_new(&peer);
	assert_status(e3_policy_decide(policy, &ask, &grant, reason), one->status);
	assert_string_equal(one->status == EVW_OK ? grant.rule : reason, one->says);
	e3_grant_release(&grant);
	e3_principal_release(ask.who);
}

static void
the_matrix(void **state)
{
	static const Case cases[] = {
		{"uid:1", E3_RIGHT_ENCRYPT, "a", "", EVW_OK, "writer"},
		{"uid:1", E3_RIGHT_ENCRYPT, "a", "low", EVW_OK, "writer"},
		{"uid:1", E3_RIGHT_ENCRYPT, "a", "high", EVW_POLICY_REFUSED,
		 "encrypt: rule \"writer\" (line 1) is not for this data role"},
		{"uid:1", E3_RIGHT_ENCRYPT, "b", "", EVW_POLICY_REFUSED,
		 "encrypt: rule \"writer\" (line 1) is not for this app"},
		{"uid:1", E3_RIGHT_DECRYPT, "b", NULL, EVW_OK, "reader"},
		{"uid:1", E3_RIGHT_DECRYPT, "c", NULL, EVW_POLICY_REFUSED,
		 "decrypt: rule \"reader\" (line 6) is not for this app"},
		{"uid:1", E3_RIGHT_ADMINISTER, "", NULL, EVW_POLICY_REFUSED,
		 "administer: rule \"writer\" (line 1) is not for this operation"},
		{"uid:2", E3_RIGHT_ENCRYPT, "a", "", EVW_POLICY_REFUSED,
		 "encrypt: rule \"reader\" (line 6) is not for this operation"},
		{"uid:3", E3_RIGHT_BLIND_INDEX, "zzz", NULL, EVW_OK, "all"},
		{"uid:3", E3_RIGHT_ENCRYPT, "a", "high", EVW_OK, "all"},
		{"uid:4", E3_RIGHT_ENCRYPT, "a", "", EVW_POLICY_REFUSED,
		 "encrypt: no rule is for this peer"},
		{"dns:OPS", E3_RIGHT_ADMINISTER, "", NULL, EVW_OK, "admin"},
		{"uri:ops", E3_RIGHT_ADMINISTER, "", NULL, EVW_POLICY_REFUSED,
		 "administer: no rule is for this peer"},
		{"dns:ops", E3_RIGHT_DECRYPT, "a", NULL, EVW_POLICY_REFUSED,
		 "decrypt: rule \"admin\" (line 16) is not for this operation"},
		{"vsock:1", E3_RIGHT_ENCRYPT, "a", "", EVW_POLICY_REFUSED,
		 "encrypt: no rule is for this peer"},
	};
	E3Policy *policy = expect_policy(matrix);

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_case(policy, &cases[i]);
	e3_policy_release(policy);
}

/* Roles of several rules add up, and only those of rules that grant. */
static void
grants_cover_roles(void **state)
{
	E3Policy *policy = expect_policy("[rule one]\n"
									 "identity = any\n"
									 "operations = decrypt\n"
									 "apps = a\n"
									 "roles = low\n"
									 "[rule two]\n"
									 "identity = uid:1\n"
									 "operations = decrypt\n"
									 "apps = *\n"
									 "roles = (none)\n"
									 "[rule three]\n"
									 "identity = uid:1\n"
									 "operations = encrypt\n"
									 "apps = *\n"
									 "roles = *\n");
	E3Identity peer = e3_identity_uid(1);
	E3Ask ask = {.who = e3_principal_new(&peer),
				 .right = E3_RIGHT_DECRYPT,
				 .app = bytes_of("a")};
	char reason[E3_REASON_MAX];
	E3Grant grant;

	(void) state;
	assert_status(e3_policy_decide(policy, &ask, &grant, reason), EVW_OK);
	assert_true(e3_grant_covers(&grant, bytes_of("low")));
	assert_true(e3_grant_covers(&grant, bytes_of("")));
	assert_false(e3_grant_covers(&grant, bytes_of("lo")));
	assert_false(e3_grant_covers(&grant, bytes_of("high")));
	e3_grant_release(&grant);
	ask.app = bytes_of("b");
	assert_status(e3_policy_decide(policy, &ask, &grant, reason), EVW_OK);
	assert_false(e3_grant_covers(&grant, bytes_of("low")));
	e3_grant_release(&grant);
	e3_principal_release(ask.who);
	e3_policy_release(policy);
}

static void
what_is_to_be_seen(void **state)
{
	E3Policy *policy = expect_policy(matrix);
	E3Identity writer = e3_identity_uid(1);
	E3Identity nobody = e3_identity_uid(9);

	(void) state;
	assert_true(e3_policy_shows(policy, &writer, bytes_of("b")));
	assert_false(e3_policy_shows(policy, &writer, bytes_of("c")));
	assert_true(e3_policy_knows(policy, &writer));
	assert_false(e3_policy_knows(policy, &nobody));
	assert_true(e3_policy_knows(NULL, &nobody));
	e3_policy_release(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_read),
		cmocka_unit_test(errors_name_line_and_cause),
		cmocka_unit_test(limits_hold_at_the_limit_and_above),
		cmocka_unit_test(the_matrix),
		cmocka_unit_test(grants_cover_roles),
		cmocka_unit_test(what_is_to_be_seen),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
