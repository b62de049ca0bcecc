/*
 * unit/rpc_policy_test.c
 *	  Operations under a policy: what is refused, before which keys are touched, and
 *	  data roles behind the tag.
 */
#include "rpc_help.h"

#include <stdlib.h>
#include <string.h>

/* E3's version numbers of envelopes, whose tags the names are. */
#define VERSION_TK9D 4

static const E3Identity peer = {.kind = E3_IDENTITY_UID, .uid = 1};

static void
use_policy(RpcFixture *fixture, const char *text)
{
	E3PolicyError error;
	E3Policy *policy;

	if (e3_policy_parse(text, strlen(text), "p", &policy, &error) != EVW_OK)
		fail_msg("%s", error.text);
	e3_policy_swap(fixture->shared.policy, policy);
}

static int
without_policy(void **state)
{
	RpcFixture *fixture = *state;

	e3_policy_swap(fixture->shared.policy, NULL);
	return 0;
}

/* Envelopes of this version want a context: the vectors' is "". */
static bool
has_context(EvwBytes value)
{
	return value.len > 0 && value.data[0] == EVW_TAG_RVZS;
}

/* Status of a call by the peer; the reason of a refusal is copied. */
static EvwStatus
execute(RpcFixture *fixture, EvwVerb verb, const EvwRequestHeader *header, EvwBytes value,
		char reason[E3_REASON_MAX], uint8_t *value_status)
{
	const EvwBytes context = BYTES("");
	EvwMessage message;
	EvwResult result;
	EvwStatus status;
	E3Call call;

	rpc_make_bound_call(&call, verb, header, &value, 1, (EvwBytes){NULL, 0},
						has_context(value) ? &context : NULL, 1);
	call.principal = e3_principal_new(&peer);
	status = rpc_execute(fixture, &call, &message);
	memcpy(reason, call.reason, E3_REASON_MAX);
	if (status == EVW_OK && value_status != NULL)
	{
		assert_status(evw_result_decode(&message, &result), EVW_OK);
		*value_status = result.statuses.data != NULL ? result.statuses.data[0] : 0;
		if (*value_status != 0)
			assert_int_equal(result.values.bytes.len, 0);
	}
	e3_call_release(&call);
	return status;
}

static int
opens(RpcFixture *fixture, EvwBytes envelope)
{
	EvwRequestHeader header = rpc_header_for("old");
	char reason[E3_REASON_MAX];
	uint8_t status = 0xff;

	assert_status(execute(fixture, EVW_VERB_DECRYPT, &header, envelope, reason, &status),
				  EVW_OK);
	return status == 0 ? EVW_OK : EVW_VALUE_STATUS_BASE + status;
}

#define DECRYPT_ROLES(roles)                                                             \
	"[rule r]\nidentity = uid:1\noperations = decrypt\napps = *\nroles = " roles "\n"

/* Rows: tag and role of the ciphertext; columns: what the rule allows. */
static void
roles_are_enforced(void **state)
{
	static const char *const tags[] = {"QkTC", "S0lS", "TENZ", "QlJV", "RVZS"};
	RpcFixture *fixture = *state;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
	{
		EvwBytes envelope = rpc_vector_of(fixture, tags[i], "permit-all");

		use_policy(fixture, DECRYPT_ROLES("permit-all"));
		assert_int_equal(opens(fixture, envelope), EVW_OK);
		use_policy(fixture, DECRYPT_ROLES("*"));
		assert_int_equal(opens(fixture, envelope), EVW_OK);
		use_policy(fixture, DECRYPT_ROLES("(none)"));
		assert_int_equal(opens(fixture, envelope), EVW_ROLE_REFUSED);
		use_policy(fixture, DECRYPT_ROLES("permit-al, permit-all2"));
		assert_int_equal(opens(fixture, envelope), EVW_ROLE_REFUSED);
		help_release(envelope);
	}
}

static void
no_role_is_one_too(void **state)
{
	static const char *const tags[] = {"QkTC", "Tk9D", "RFVC", "T1JL", ""};
	RpcFixture *fixture = *state;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
	{
		EvwBytes envelope = rpc_vector_of(fixture, tags[i], "");

		use_policy(fixture, DECRYPT_ROLES("permit-all"));
		assert_int_equal(opens(fixture, envelope), EVW_ROLE_REFUSED);
		use_policy(fixture, DECRYPT_ROLES("(none), permit-all"));
		assert_int_equal(opens(fixture, envelope), EVW_OK);
		help_release(envelope);
	}
}

/* TENZ as Tk9D authenticates: its role is in what looks like text, and counts. */
static void
a_relabelled_role_counts(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "TENZ", "permit-all");

	((uint8_t *) envelope.data)[0] = VERSION_TK9D;
	use_policy(fixture, DECRYPT_ROLES("*"));
	assert_int_equal(opens(fixture, envelope), EVW_OK);
	use_policy(fixture, DECRYPT_ROLES("(none)"));
	assert_int_equal(opens(fixture, envelope), EVW_ROLE_REFUSED);
	use_policy(fixture, DECRYPT_ROLES("permit-all"));
	assert_int_equal(opens(fixture, envelope), EVW_OK);
	help_release(envelope);
}

/* One value with this role; its envelope is for help_release. */
static EvwBytes
encrypt_with(RpcFixture *fixture, EvwBytes role)
{
	const EvwBytes value = BYTES("plaintext");
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	EvwBytes envelope;
	E3Call call;

	header.role = role;
	rpc_make_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	call.principal = e3_principal_new(&peer);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	envelope = help_exact(result.values.bytes);
	e3_call_release(&call);
	return envelope;
}

static bool
holds(const uint8_t *at, size_t len, const char *text)
{
	for (size_t i = 0; i + strlen(text) <= len; i++)
		if (memcmp(at + i, text, strlen(text)) == 0)
			return true;
	return false;
}

/* Each value has its own, however alike they are; and of one that is refused nothing is
 * left, not even behind the end of the reply. */
static void
every_role_of_a_request_counts(void **state)
{
	static const char *const policies[] = {DECRYPT_ROLES("one"), DECRYPT_ROLES("two")};
	RpcFixture *fixture = *state;
	const EvwBytes envelopes[] = {encrypt_with(fixture, BYTES("one")),
								  encrypt_with(fixture, BYTES("two"))};
	EvwRequestHeader header = rpc_header_for("old");

	for (int allowed = 0; allowed < 2; allowed++)
	{
		EvwMessage message;
		EvwResult result;
		E3Call call;

		use_policy(fixture, policies[allowed]);
		rpc_make_call(&call, EVW_VERB_DECRYPT, &header, envelopes, 2,
					  (EvwBytes){NULL, 0});
		call.principal = e3_principal_new(&peer);
		assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
		assert_status(evw_result_decode(&message, &result), EVW_OK);
		assert_non_null(result.statuses.data);
		for (int i = 0; i < 2; i++)
			assert_int_equal(result.statuses.data[i],
							 i == allowed ? 0 : EVW_ROLE_REFUSED - EVW_VALUE_STATUS_BASE);
		assert_bytes_equal(result.values.bytes, BYTES("plaintext"));
		e3_call_release(&call);
		rpc_make_call(&call, EVW_VERB_DECRYPT, &header, &envelopes[1 - allowed], 1,
					  (EvwBytes){NULL, 0});
		call.principal = e3_principal_new(&peer);
		assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
		assert_false(holds(call.reply.data, call.reply.cap, "plain"));
		assert_false(holds(call.reply.data, call.reply.cap, "text"));
		e3_call_release(&call);
	}
	for (int i = 0; i < 2; i++)
		help_release(envelopes[i]);
}

/* Damaged is damaged, whatever the role: nothing is said of what did not open. */
static void
the_tag_comes_first(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "QkTC", "permit-all");

	((uint8_t *) envelope.data)[envelope.len - 1] ^= 1;
	use_policy(fixture, DECRYPT_ROLES("(none)"));
	assert_int_equal(opens(fixture, envelope), EVW_DOES_NOT_OPEN);
	help_release(envelope);
}

static void
refused_before_keys_and_apps(void **state)
{
	static const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT,
									EVW_VERB_REENCRYPT, EVW_VERB_BLIND_INDEX,
									EVW_VERB_KEYS};
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "QkTC", "permit-all");
	uint32_t cached = e3_derived_count(fixture->shared.derived);
	char reason[E3_REASON_MAX];
	char other_reason[E3_REASON_MAX];

	use_policy(fixture, "[rule r]\nidentity = uid:1\noperations = encrypt\napps = x\n"
						"roles = *\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
	{
		EvwRequestHeader old = rpc_header_for("old");
		EvwRequestHeader absent = rpc_header_for("absent");

		assert_status(execute(fixture, verbs[i], &old, envelope, reason, NULL),
					  EVW_POLICY_REFUSED);
		assert_status(execute(fixture, verbs[i], &absent, envelope, other_reason, NULL),
					  EVW_POLICY_REFUSED);
		assert_string_equal(reason, other_reason);
		assert_true(reason[0] != '\0');
	}
	assert_int_equal(e3_derived_count(fixture->shared.derived), cached);
	help_release(envelope);
}

static void
a_quota_is_taken_before_any_work(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "QkTC", "permit-all");
	EvwRequestHeader header = rpc_header_for("old");
	char reason[E3_REASON_MAX];
	uint8_t status;

	use_policy(fixture, DECRYPT_ROLES("*") "[quota q]\nidentity = any\nvalues_per_day = "
										   "2\n");
	assert_int_equal(opens(fixture, envelope), EVW_OK);
	assert_int_equal(opens(fixture, envelope), EVW_OK);
	assert_status(execute(fixture, EVW_VERB_DECRYPT, &header, envelope, reason, &status),
				  EVW_QUOTA_EXCEEDED);
	assert_string_equal(reason, "quota \"q\" (line 6)");
	help_release(envelope);
}

/* Rights of their own, and the role of what is opened counts as it does for DECRYPT. */
static void
reencrypting_is_a_right_of_its_own(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "QkTC", "permit-all");
	EvwRequestHeader header = rpc_header_for("old");
	char reason[E3_REASON_MAX];
	uint8_t status;

	use_policy(fixture, DECRYPT_ROLES("*"));
	assert_status(execute(fixture, EVW_VERB_REENCRYPT, &header, envelope, reason, NULL),
				  EVW_POLICY_REFUSED);
	assert_string_equal(reason,
						"reencrypt: rule \"r\" (line 1) is not for this operation");
	use_policy(fixture, "[rule r]\nidentity = uid:1\noperations = reencrypt\napps = "
						"old\nroles = permit-all\n");
	assert_status(execute(fixture, EVW_VERB_REENCRYPT, &header, envelope, reason,
						  &status),
				  EVW_OK);
	assert_int_equal(status, 0);
	assert_status(execute(fixture, EVW_VERB_DECRYPT, &header, envelope, reason, NULL),
				  EVW_POLICY_REFUSED);
	use_policy(fixture, "[rule r]\nidentity = uid:1\noperations = reencrypt\napps = "
						"old\nroles = (none), pii\n");
	assert_status(execute(fixture, EVW_VERB_REENCRYPT, &header, envelope, reason,
						  &status),
				  EVW_OK);
	assert_int_equal(EVW_VALUE_STATUS_BASE + status, EVW_ROLE_REFUSED);
	help_release(envelope);
}

/* It is asked for before it is known whether the app has an index key. */
static void
indexing_is_a_right_of_its_own(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader header = rpc_header_for("old");
	const EvwBytes value = BYTES("x");
	char reason[E3_REASON_MAX];

	use_policy(fixture, DECRYPT_ROLES("*"));
	assert_status(execute(fixture, EVW_VERB_BLIND_INDEX, &header, value, reason, NULL),
				  EVW_POLICY_REFUSED);
	use_policy(fixture, "[rule r]\nidentity = uid:1\noperations = blind_index\n"
						"apps = old\nroles = pii\n");
	assert_status(execute(fixture, EVW_VERB_BLIND_INDEX, &header, value, reason, NULL),
				  EVW_NO_INDEX_KEY);
	header = rpc_header_for("new");
	assert_status(execute(fixture, EVW_VERB_BLIND_INDEX, &header, value, reason, NULL),
				  EVW_POLICY_REFUSED);
}

/* A quota counts the operations that it names, and no others. */
static void
quotas_are_for_operations(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "QkTC", "permit-all");
	EvwRequestHeader header = rpc_header_for("old");
	char reason[E3_REASON_MAX];

	use_policy(fixture, "[rule r]\nidentity = uid:1\napps = *\nroles = *\n"
						"operations = decrypt, reencrypt, blind_index\n"
						"[quota d]\nidentity = any\nvalues_per_day = 1\n"
						"[quota q]\nidentity = any\nvalues_per_day = 2\n"
						"operations = reencrypt, blind_index\n");
	for (int i = 0; i < 3; i++)
		assert_status(execute(fixture, EVW_VERB_REENCRYPT, &header, envelope, reason,
							  NULL),
					  i < 2 ? EVW_OK : EVW_QUOTA_EXCEEDED);
	assert_string_equal(reason, "quota \"q\" (line 9)");
	assert_status(execute(fixture, EVW_VERB_BLIND_INDEX, &header, envelope, reason, NULL),
				  EVW_QUOTA_EXCEEDED);
	help_release(envelope);
}

/* Who cannot be named is nobody that a rule is for. */
static void
nobody_has_no_rights(void **state)
{
	RpcFixture *fixture = *state;
	EvwBytes envelope = rpc_vector_of(fixture, "QkTC", "permit-all");
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	E3Call call;

	use_policy(fixture, "[rule r]\nidentity = any\noperations = decrypt\napps = *\n"
						"roles = *\n");
	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, &envelope, 1, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_POLICY_REFUSED);
	e3_call_release(&call);
	help_release(envelope);
}

static void
reload_is_for_administrators(void **state)
{
	RpcFixture *fixture = *state;
	EvwRequestHeader none = {0};
	EvwBytes nothing = {NULL, 0};
	char reason[E3_REASON_MAX];

	assert_status(execute(fixture, EVW_VERB_RELOAD, &none, nothing, reason, NULL),
				  EVW_NOT_ALLOWED);
	use_policy(fixture, DECRYPT_ROLES("*"));
	assert_status(execute(fixture, EVW_VERB_RELOAD, &none, nothing, reason, NULL),
				  EVW_POLICY_REFUSED);
	assert_string_equal(reason,
						"administer: rule \"r\" (line 1) is not for this operation");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(roles_are_enforced, without_policy),
		cmocka_unit_test_teardown(no_role_is_one_too, without_policy),
		cmocka_unit_test_teardown(a_relabelled_role_counts, without_policy),
		cmocka_unit_test_teardown(every_role_of_a_request_counts, without_policy),
		cmocka_unit_test_teardown(the_tag_comes_first, without_policy),
		cmocka_unit_test_teardown(refused_before_keys_and_apps, without_policy),
		cmocka_unit_test_teardown(a_quota_is_taken_before_any_work, without_policy),
		cmocka_unit_test_teardown(reencrypting_is_a_right_of_its_own, without_policy),
		cmocka_unit_test_teardown(indexing_is_a_right_of_its_own, without_policy),
		cmocka_unit_test_teardown(quotas_are_for_operations, without_policy),
		cmocka_unit_test_teardown(nobody_has_no_rights, without_policy),
		cmocka_unit_test_teardown(reload_is_for_administrators, without_policy),
	};

	return cmocka_run_group_tests_name("rpc_policy", tests, rpc_set_up, rpc_tear_down);
}
