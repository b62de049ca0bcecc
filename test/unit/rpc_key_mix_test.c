/*
 * unit/rpc_key_mix_test.c
 *	  Ciphertexts under the key of another version's rule: opened on demand only.
 */
#include "rpc_help.h"

#include "rpc/key_mix.h"

#include <string.h>

static int
set_mix(RpcFixture *fixture, bool wanted)
{
	fixture->shared.key_mix = wanted;
	e3_derived_clear(fixture->shared.derived, 0);
	return 0;
}

static int
without_mix(void **state)
{
	return set_mix(*state, false);
}

/* The table here agrees with that of the format, but for the rule. */
static void
only_the_rule_is_another(void **state)
{
	int mixed_tags = 0;

	(void) state;
	for (uint32_t tag = EVW_TAG_NONE; tag <= EVW_TAG_RVZL; tag++)
	{
		EvwEnvelope envelope = {.tag = (EvwTag) tag, .info = evw_tag_info(tag)};
		const EvwTagInfo *own = envelope.info;
		EvwEnvelope mixed;

		if (!e3_key_mix(&envelope, &mixed))
			continue;
		mixed_tags++;
		assert_string_equal(mixed.info->name, own->name);
		assert_int_equal(mixed.info->curve, own->curve);
		assert_int_equal(mixed.info->kdf, !own->kdf);
		assert_int_equal(mixed.info->metadata, own->metadata);
		assert_int_equal(mixed.info->aad, own->aad);
		assert_int_equal(mixed.info->scheme, own->scheme);
	}
	assert_int_equal(mixed_tags, 3);
}

static void
opens_on_demand(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "mixed");
	size_t index;
	json_t *vector;

	assert_int_equal(json_array_size(list), 3);
	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		EvwBytes plain;

		set_mix(fixture, false);
		assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL), EVW_DOES_NOT_OPEN);
		set_mix(fixture, true);
		assert_status(rpc_decrypt_one(fixture, "old", envelope, &plain), EVW_OK);
		assert_bytes_equal(plain, BYTES("hello world"));
		help_release(plain);
		assert_status(rpc_decrypt_one(fixture, "new", envelope, NULL), EVW_DOES_NOT_OPEN);
		((uint8_t *) envelope.data)[envelope.len - 1] ^= 1;
		assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL), EVW_DOES_NOT_OPEN);
		help_release(envelope);
	}
}

/* Neither lets the switch anything else open, nor does it disturb the rest. */
static void
changes_nothing_else(void **state)
{
	RpcFixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;

	set_mix(fixture, true);
	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		EvwStatus status = rpc_decrypt_one(fixture, "old", envelope, NULL);

		if (json_is_string(json_object_get(vector, "context")))
			assert_status(status, EVW_CONTEXT_MISSING);
		else
			assert_status(status, EVW_OK);
		((uint8_t *) envelope.data)[envelope.len - 1] ^= 1;
		assert_status(rpc_decrypt_one(fixture, "old", envelope, NULL),
					  status == EVW_OK ? EVW_DOES_NOT_OPEN : status);
		help_release(envelope);
	}
}

/* Under one ephemeral key, both kinds by turns: one agreement for each of the keys. */
static void
many_need_few_keys(void **state)
{
	RpcFixture *fixture = *state;
	json_t *mixed = json_object_get(fixture->vectors, "mixed");
	EvwBytes one = help_unhex(help_field(json_array_get(mixed, 0), "envelope"));
	EvwBytes values[100];
	EvwRequestHeader header = rpc_header_for("old");
	EvwMessage message;
	EvwResult result;
	E3Call call;

	set_mix(fixture, true);
	for (int i = 0; i < 100; i++)
		values[i] = one;
	rpc_make_call(&call, EVW_VERB_DECRYPT, &header, values, 100, (EvwBytes){NULL, 0});
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_null(result.statuses.data);
	assert_true(result.header.cache_hits >= 99);
	e3_call_release(&call);
	help_release(one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_rule_is_another),
		cmocka_unit_test_teardown(opens_on_demand, without_mix),
		cmocka_unit_test_teardown(changes_nothing_else, without_mix),
		cmocka_unit_test_teardown(many_need_few_keys, without_mix),
	};

	return cmocka_run_group_tests(tests, rpc_set_up, rpc_tear_down);
}
