/*
 * unit/rpc_help.c
 *	  Keys, calls, and running them without a network.
 */
#include "rpc_help.h"

#include "crypto/library.h"

#include "wire/frame.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

const char *
rpc_curve_field(const RpcFixture *fixture, const char *curve, const char *field)
{
	return help_field(json_object_get(json_object_get(fixture->vectors, "curves"), curve),
					  field);
}

static void
add_version(RpcFixture *fixture, E3Keyring *keyring, const char *app, uint32_t number,
			bool known)
{
	E3KeyVersion version = {.version = number, .created_us = number};

	for (int i = 0; i < 2; i++)
		version.pairs[i] =
			known ? help_pair((EvwCurve) i,
							  rpc_curve_field(fixture, evw_curve_name((EvwCurve) i),
											  "private"))
				  : e3_key_pair_generate((EvwCurve) i);
	assert_status(e3_keyring_add(keyring, (EvwBytes){(const uint8_t *) app, strlen(app)},
								 &version),
				  EVW_OK);
}

static bool
nothing_waits(const void *scheduler)
{
	(void) scheduler;
	return false;
}

int
rpc_set_up(void **state)
{
	RpcFixture *fixture = calloc(1, sizeof(RpcFixture));
	E3Keyring *keyring;

	assert_int_equal(help_arena(state), 0);
	fixture->vectors = help_vectors("ciphertexts.json");
	keyring = e3_keyring_new();
	add_version(fixture, keyring, "old", 1, true);
	add_version(fixture, keyring, "old", 2, false);
	add_version(fixture, keyring, "new", 1, false);
	fixture->shared.keyring = e3_keyring_holder_new(keyring);
	fixture->shared.derived = e3_derived_new(64, 32, e3_library_schedule_len());
	assert_non_null(fixture->shared.derived);
	fixture->shared.request_keys = e3_request_keys_new(4);
	assert_non_null(fixture->shared.request_keys);
	fixture->shared.policy = e3_policy_holder_new(NULL);
	fixture->shared.quotas = e3_quotas_new();
	fixture->worker.shared = &fixture->shared;
	fixture->worker.fresh_waits = nothing_waits;
	assert_true(e3_rpc_worker_open(&fixture->worker));
	*state = fixture;
	return 0;
}

int
rpc_tear_down(void **state)
{
	RpcFixture *fixture = *state;

	e3_rpc_worker_close(&fixture->worker);
	e3_request_keys_free(fixture->shared.request_keys);
	e3_derived_free(fixture->shared.derived);
	e3_keyring_holder_free(fixture->shared.keyring);
	e3_quotas_free(fixture->shared.quotas);
	e3_policy_holder_free(fixture->shared.policy);
	json_decref(fixture->vectors);
	free(fixture);
	return 0;
}

static void
write_column(EvwBuf *buf, const EvwBytes *values, uint32_t count)
{
	size_t mark = evw_write_bin_begin(buf);

	for (uint32_t i = 0; i < count; i++)
		evw_buf_append(buf, values[i].data, values[i].len);
	evw_write_bin_end(buf, mark);
	mark = evw_write_bin_begin(buf);
	for (uint32_t i = 0; i < count; i++)
	{
		uint8_t length[4];

		evw_put_le32(length, (uint32_t) values[i].len);
		evw_buf_append(buf, length, sizeof(length));
	}
	evw_write_bin_end(buf, mark);
}

void
rpc_make_bound_call(E3Call *call, EvwVerb verb, const EvwRequestHeader *header,
					const EvwBytes *values, uint32_t count, EvwBytes datatypes,
					const EvwBytes *contexts, uint32_t n_contexts)
{
	EvwMessage message;
	EvwBuf buf;

	e3_call_init(call);
	help_buf_init(&buf);
	evw_request_begin(&buf, verb, 7, header, contexts != NULL ? 5 : 3);
	write_column(&buf, values, count);
	if (datatypes.data != NULL)
		evw_write_bin(&buf, datatypes);
	else
		evw_write_nil(&buf);
	if (contexts != NULL)
		write_column(&buf, contexts, n_contexts);
	evw_frame_end(&buf);
	evw_buf_append(&call->body, help_body(&buf).data, help_body(&buf).len);
	help_buf_free(&buf);
	assert_status(evw_message_split((EvwBytes){call->body.data, call->body.len},
									&message),
				  EVW_OK);
	assert_status(evw_request_decode(&message, &call->request), EVW_OK);
}

void
rpc_make_call(E3Call *call, EvwVerb verb, const EvwRequestHeader *header,
			  const EvwBytes *values, uint32_t count, EvwBytes datatypes)
{
	rpc_make_bound_call(call, verb, header, values, count, datatypes, NULL, 0);
}

EvwRequestHeader
rpc_header_for(const char *app)
{
	return (EvwRequestHeader){.app = {(const uint8_t *) app, strlen(app)}};
}

EvwStatus
rpc_execute(RpcFixture *fixture, E3Call *call, EvwMessage *message)
{
	fixture->slices = 1;
	while (!e3_rpc_run(&fixture->worker, call))
	{
		fixture->slices++;
		if (fixture->between != NULL)
			fixture->between(fixture);
	}
	assert_status(call->reply.status, EVW_OK);
	assert_status(evw_message_split(help_body(&call->reply), message), EVW_OK);
	assert_int_equal(message->id, 7);
	if (call->outcome == EVW_OK)
		assert_int_equal(message->type, EVW_VERB_RESULT);
	else if (call->outcome == EVW_CANCELLED)
		assert_int_equal(message->type, EVW_VERB_CANCELLED);
	else
	{
		EvwErrorHeader error;

		assert_int_equal(message->type, EVW_VERB_ERROR);
		assert_status(evw_error_decode(message, &error), EVW_OK);
		assert_status(error.code, call->outcome);
	}
	return call->outcome;
}

EvwStatus
rpc_status_of(const EvwResult *result, uint32_t i)
{
	return result->statuses.data == NULL || result->statuses.data[i] == 0
			   ? EVW_OK
			   : (EvwStatus) (EVW_VALUE_STATUS_BASE + result->statuses.data[i]);
}

EvwStatus
rpc_decrypt_bound(RpcFixture *fixture, const char *app, EvwBytes envelope,
				  const EvwBytes *context, EvwBytes *plain)
{
	EvwRequestHeader header = rpc_header_for(app);
	EvwMessage message;
	EvwResult result;
	E3Call call;
	EvwStatus status;

	rpc_make_bound_call(&call, EVW_VERB_DECRYPT, &header, &envelope, 1,
						(EvwBytes){NULL, 0}, context, 1);
	assert_status(rpc_execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_int_equal(evw_column_count(&result.values), 1);
	status = rpc_status_of(&result, 0);
	if (status != EVW_OK)
		assert_int_equal(result.values.bytes.len, 0);
	else if (plain != NULL)
		*plain = help_exact(result.values.bytes);
	e3_call_release(&call);
	return status;
}

EvwStatus
rpc_decrypt_one(RpcFixture *fixture, const char *app, EvwBytes envelope, EvwBytes *plain)
{
	return rpc_decrypt_bound(fixture, app, envelope, NULL, plain);
}

EvwBytes
rpc_qktc_envelope(const RpcFixture *fixture)
{
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;

	json_array_foreach(list, index, vector)
	{
		if (strcmp(help_field(vector, "tag"), "QkTC") == 0 &&
			strcmp(help_field(vector, "source"), "sdk") == 0)
			return help_unhex(help_field(vector, "envelope"));
	}
	fail();
	return (EvwBytes){NULL, 0};
}

EvwBytes
rpc_vector_of(const RpcFixture *fixture, const char *tag, const char *role)
{
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;

	json_array_foreach(list, index, vector)
	{
		const char *has = json_string_value(json_object_get(vector, "role"));

		if (strcmp(help_field(vector, "tag"), tag) == 0 &&
			strcmp(has != NULL ? has : "", role) == 0)
			return help_unhex(help_field(vector, "envelope"));
	}
	fail_msg("no vector %s %s", tag, role);
	return (EvwBytes){NULL, 0};
}
