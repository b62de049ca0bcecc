/*
 * unit/rpc_test.c
 *	  Operations from request frame to reply frame, without a network: every
 *	  ciphertext version, every refusal, cancel and deadline.
 */
#include "e3_help.h"

#include "base/clock.h"
#include "base/secret.h"
#include "rpc/rpc.h"
#include "wire/evstring.h"
#include "wire/frame.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

/* "old" has the vectors' key as version 1 and a newer one; "new" another key. */
typedef struct Fixture
{
	E3RpcShared shared;
	E3RpcWorker worker;
	json_t *vectors;
} Fixture;

static const char *
curve_field(const Fixture *fixture, const char *curve, const char *field)
{
	return help_field(json_object_get(json_object_get(fixture->vectors, "curves"), curve),
					  field);
}

static void
add_version(E3Keyring *keyring, const char *app, uint32_t number, const char *p256_hex)
{
	E3KeyVersion version = {.version = number, .created_us = number};

	version.pairs[EVW_CURVE_P256] = p256_hex != NULL
										? help_pair(EVW_CURVE_P256, p256_hex)
										: e3_key_pair_generate(EVW_CURVE_P256);
	version.pairs[EVW_CURVE_SECP256K1] = e3_key_pair_generate(EVW_CURVE_SECP256K1);
	assert_status(e3_keyring_add(keyring, (EvwBytes){(const uint8_t *) app, strlen(app)},
								 &version),
				  EVW_OK);
}

static int
set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(Fixture));
	E3Keyring *keyring;

	assert_int_equal(help_arena(state), 0);
	fixture->vectors = help_vectors("ciphertexts.json");
	keyring = e3_keyring_new();
	add_version(keyring, "old", 1, curve_field(fixture, "p256", "private"));
	add_version(keyring, "old", 2, NULL);
	add_version(keyring, "new", 1, NULL);
	fixture->shared.keyring = e3_keyring_holder_new(keyring);
	fixture->worker.shared = &fixture->shared;
	fixture->worker.scratch = e3_scratch_new();
	assert_non_null(fixture->worker.scratch);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	Fixture *fixture = *state;

	e3_scratch_free(fixture->worker.scratch);
	e3_keyring_holder_free(fixture->shared.keyring);
	json_decref(fixture->vectors);
	free(fixture);
	return 0;
}

/* A call whose body is a request with these values; columns beyond are nil. */
static void
make_call(E3Call *call, EvwVerb verb, const EvwRequestHeader *header,
		  const EvwBytes *values, uint32_t count, EvwBytes datatypes)
{
	EvwMessage message;
	EvwBuf buf;
	size_t mark;

	e3_call_init(call);
	help_buf_init(&buf);
	evw_request_begin(&buf, verb, 7, header, 3);
	mark = evw_write_bin_begin(&buf);
	for (uint32_t i = 0; i < count; i++)
		evw_buf_append(&buf, values[i].data, values[i].len);
	evw_write_bin_end(&buf, mark);
	mark = evw_write_bin_begin(&buf);
	for (uint32_t i = 0; i < count; i++)
	{
		uint8_t length[4];

		evw_put_le32(length, (uint32_t) values[i].len);
		evw_buf_append(&buf, length, sizeof(length));
	}
	evw_write_bin_end(&buf, mark);
	if (datatypes.data != NULL)
		evw_write_bin(&buf, datatypes);
	else
		evw_write_nil(&buf);
	evw_frame_end(&buf);
	evw_buf_append(&call->body, help_body(&buf).data, help_body(&buf).len);
	help_buf_free(&buf);
	assert_status(evw_message_split((EvwBytes){call->body.data, call->body.len},
									&message),
				  EVW_OK);
	assert_status(evw_request_decode(&message, &call->request), EVW_OK);
}

static EvwRequestHeader
header_for(const char *app)
{
	return (EvwRequestHeader){.app = {(const uint8_t *) app, strlen(app)}};
}

/* Executes; the reply must be what the outcome says. */
static EvwStatus
execute(Fixture *fixture, E3Call *call, EvwMessage *message)
{
	e3_rpc_execute(&fixture->worker, call);
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

/* Status of decrypting one envelope; *plain (if asked for) is the caller's to release. */
static EvwStatus
decrypt_one(Fixture *fixture, const char *app, EvwBytes envelope, EvwBytes *plain)
{
	EvwRequestHeader header = header_for(app);
	EvwMessage message;
	EvwResult result;
	E3Call call;
	EvwStatus status;

	make_call(&call, EVW_VERB_DECRYPT, &header, &envelope, 1, (EvwBytes){NULL, 0});
	assert_status(execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_int_equal(evw_column_count(&result.values), 1);
	status = result.statuses.data == NULL || result.statuses.data[0] == 0
				 ? EVW_OK
				 : (EvwStatus) (EVW_VALUE_STATUS_BASE + result.statuses.data[0]);
	if (status != EVW_OK)
		assert_int_equal(result.values.bytes.len, 0);
	else if (plain != NULL)
		*plain = help_exact(result.values.bytes);
	e3_call_release(&call);
	return status;
}

static void
opens_every_p256_version(void **state)
{
	Fixture *fixture = *state;
	json_t *list = json_object_get(fixture->vectors, "ciphertexts");
	size_t index;
	json_t *vector;
	int opened = 0;

	json_array_foreach(list, index, vector)
	{
		EvwBytes envelope = help_unhex(help_field(vector, "envelope"));
		const char *text = help_field(vector, "text");
		bool bound = json_is_string(json_object_get(vector, "context"));
		EvwBytes plain;
		EvwStatus status = decrypt_one(fixture, "old", envelope, &plain);

		if (bound)
			assert_status(status, EVW_CONTEXT_MISSING);
		else if (strcmp(help_field(vector, "curve"), "p256") != 0)
			assert_status(status, EVW_VERSION_UNSUPPORTED);
		else
		{
			assert_status(status, EVW_OK);
			assert_bytes_equal(plain, (EvwBytes){(const uint8_t *) text, strlen(text)});
			help_release(plain);
			assert_status(decrypt_one(fixture, "new", envelope, NULL), EVW_DOES_NOT_OPEN);
			opened++;
		}
		help_release(envelope);
	}
	assert_true(opened >= 12);
}

/* The SDK's QkTC vector. */
static EvwBytes
qktc_envelope(const Fixture *fixture)
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

/*
 * Only two bits of an envelope are not about its content: whether its text
 * form names "string" and is padded.
 */
static void
no_flipped_bit_opens(void **state)
{
	Fixture *fixture = *state;
	EvwBytes envelope = qktc_envelope(fixture);
	uint8_t *bytes = (uint8_t *) envelope.data;
	const size_t free_bits[] = {1 * 8 + 2, 1 * 8 + 3};

	for (size_t bit = 0; bit < envelope.len * 8; bit++)
	{
		EvwStatus status;

		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		status = decrypt_one(fixture, "old", envelope, NULL);
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (bit == free_bits[0] || bit == free_bits[1])
			assert_status(status, EVW_OK);
		else
			assert_int_not_equal(status, EVW_OK);
	}
	assert_status(decrypt_one(fixture, "old", envelope, NULL), EVW_OK);
	help_release(envelope);
}

static void
no_truncation_opens(void **state)
{
	Fixture *fixture = *state;
	EvwBytes envelope = qktc_envelope(fixture);

	for (size_t len = 0; len < envelope.len; len++)
	{
		EvwBytes cut = help_exact((EvwBytes){envelope.data, len});
		EvwStatus status = decrypt_one(fixture, "old", cut, NULL);

		if (len < EVW_ENVELOPE_MIN)
			assert_status(status, EVW_NOT_CIPHERTEXT);
		else
			assert_status(status, EVW_DOES_NOT_OPEN);
		help_release(cut);
	}
	help_release(envelope);
}

static void
hint_names_one_key(void **state)
{
	Fixture *fixture = *state;
	EvwBytes envelope = qktc_envelope(fixture);
	E3KeyPair *pair = help_pair(EVW_CURVE_P256, curve_field(fixture, "p256", "private"));
	uint8_t *hint = (uint8_t *) envelope.data + 2;

	memcpy(hint, e3_key_pair_hint(pair), EVW_HINT_LEN);
	assert_status(decrypt_one(fixture, "old", envelope, NULL), EVW_OK);
	assert_status(decrypt_one(fixture, "new", envelope, NULL), EVW_UNKNOWN_KEY);
	hint[0] ^= 1;
	assert_status(decrypt_one(fixture, "old", envelope, NULL), EVW_UNKNOWN_KEY);
	e3_key_pair_free(pair);
	help_release(envelope);
}

/* Encrypts values; the result points into the call's reply. */
static void
encrypt(Fixture *fixture, E3Call *call, const EvwRequestHeader *header,
		const EvwBytes *values, uint32_t count, EvwBytes datatypes, EvwResult *result)
{
	EvwMessage message;

	make_call(call, EVW_VERB_ENCRYPT, header, values, count, datatypes);
	assert_status(execute(fixture, call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, result), EVW_OK);
	assert_int_equal(evw_column_count(&result->values), count);
	assert_int_equal(call->done, count);
}

static void
round_trip_keeps_values_apart(void **state)
{
	Fixture *fixture = *state;
	const EvwBytes values[] = {BYTES(""), BYTES("a"), BYTES("-1.5"), BYTES("true"),
							   BYTES("\0\xff\n")};
	const uint8_t datatypes[] = {0, 0, 1, 2, 0};
	EvwRequestHeader header = header_for("old");
	EvwColumnCursor cursor;
	EvwEnvelope first;
	EvwResult result;
	E3Call call;

	header.role = BYTES("permit-all");
	encrypt(fixture, &call, &header, values, 5, (EvwBytes){datatypes, 5}, &result);
	assert_int_equal(result.header.key_version, 2);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < 5; i++)
	{
		EvwBytes sealed = evw_column_next(&cursor);
		EvwEnvelope envelope;
		EvwBytes plain;

		assert_status(evw_envelope_parse(sealed, &envelope), EVW_OK);
		assert_int_equal(envelope.tag, EVW_TAG_QKTC);
		assert_int_equal(envelope.datatype, datatypes[i]);
		assert_true(evw_hint_known(envelope.hint));
		if (i == 0)
			first = envelope;
		else
		{
			assert_memory_equal(first.epk, envelope.epk, EVW_POINT_LEN);
			assert_memory_not_equal(first.iv, envelope.iv, EVW_IV_LEN);
		}
		assert_status(decrypt_one(fixture, "old", sealed, &plain), EVW_OK);
		assert_bytes_equal(plain, values[i]);
		help_release(plain);
		assert_status(decrypt_one(fixture, "new", sealed, NULL), EVW_UNKNOWN_KEY);
	}
	e3_call_release(&call);
}

/* Two requests share neither ephemeral key nor IV. */
static void
requests_do_not_share_keys(void **state)
{
	Fixture *fixture = *state;
	const EvwBytes value = BYTES("same");
	EvwRequestHeader header = header_for("new");
	EvwEnvelope envelopes[2];
	EvwResult results[2];
	E3Call calls[2];

	for (int i = 0; i < 2; i++)
	{
		encrypt(fixture, &calls[i], &header, &value, 1, (EvwBytes){NULL, 0}, &results[i]);
		assert_status(evw_envelope_parse(results[i].values.bytes, &envelopes[i]), EVW_OK);
	}
	assert_memory_not_equal(envelopes[0].epk, envelopes[1].epk, EVW_POINT_LEN);
	assert_memory_not_equal(envelopes[0].iv, envelopes[1].iv, EVW_IV_LEN);
	e3_call_release(&calls[0]);
	e3_call_release(&calls[1]);
}

static int
compare_ivs(const void *a, const void *b)
{
	return memcmp(a, b, EVW_IV_LEN);
}

static void
many_values_never_share_an_iv(void **state)
{
	enum
	{
		COUNT = 70000
	};
	Fixture *fixture = *state;
	EvwBytes *values = calloc(COUNT, sizeof(EvwBytes));
	uint8_t *ivs = malloc((size_t) COUNT * EVW_IV_LEN);
	EvwRequestHeader header = header_for("new");
	EvwColumnCursor cursor;
	EvwResult result;
	E3Call call;

	for (int i = 0; i < COUNT; i++)
		values[i] = BYTES("v");
	encrypt(fixture, &call, &header, values, COUNT, (EvwBytes){NULL, 0}, &result);
	evw_column_open(&cursor, &result.values);
	for (int i = 0; i < COUNT; i++)
	{
		EvwEnvelope envelope;

		assert_status(evw_envelope_parse(evw_column_next(&cursor), &envelope), EVW_OK);
		memcpy(ivs + (size_t) i * EVW_IV_LEN, envelope.iv, EVW_IV_LEN);
	}
	qsort(ivs, COUNT, EVW_IV_LEN, compare_ivs);
	for (size_t i = 1; i < COUNT; i++)
		assert_memory_not_equal(ivs + (i - 1) * EVW_IV_LEN, ivs + i * EVW_IV_LEN,
								EVW_IV_LEN);
	e3_call_release(&call);
	free(ivs);
	free(values);
}

/* One bad value fails alone; order and count stay. */
static void
bad_value_harms_no_other(void **state)
{
	Fixture *fixture = *state;
	EvwBytes good = qktc_envelope(fixture);
	EvwBytes bad = help_exact(good);
	EvwBytes values[] = {good, bad, BYTES("junk"), good};
	EvwRequestHeader header = header_for("old");
	EvwMessage message;
	EvwResult result;
	E3Call call;

	((uint8_t *) bad.data)[bad.len - 1] ^= 1;
	make_call(&call, EVW_VERB_DECRYPT, &header, values, 4, (EvwBytes){NULL, 0});
	assert_status(execute(fixture, &call, &message), EVW_OK);
	assert_status(evw_result_decode(&message, &result), EVW_OK);
	assert_bytes_equal(result.statuses, BYTES("\0\1\2\0"));
	assert_bytes_equal(result.values.bytes, BYTES("hello worldhello world"));
	assert_int_equal(result.header.cache_hits, 2);
	e3_call_release(&call);
	help_release(bad);
	help_release(good);
}

/* What a request with this header and one value is answered. */
static EvwStatus
outcome_of(Fixture *fixture, EvwVerb verb, const EvwRequestHeader *header,
		   EvwBytes datatypes)
{
	const EvwBytes value = BYTES("x");
	EvwMessage message;
	E3Call call;
	EvwStatus status;

	make_call(&call, verb, header, &value, 1, datatypes);
	status = execute(fixture, &call, &message);
	assert_int_equal(call.done, 0);
	e3_call_release(&call);
	return status;
}

static void
refuses_what_it_cannot_do(void **state)
{
	Fixture *fixture = *state;
	const EvwBytes none = {NULL, 0};
	EvwRequestHeader header = {0};

	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_BAD_HEADER);
	assert_status(outcome_of(fixture, EVW_VERB_DECRYPT, &header, none), EVW_BAD_HEADER);
	assert_status(outcome_of(fixture, EVW_VERB_KEYS, &header, none), EVW_BAD_HEADER);
	header = header_for("nobody");
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_UNKNOWN_APP);
	assert_status(outcome_of(fixture, EVW_VERB_DECRYPT, &header, none), EVW_UNKNOWN_APP);
	assert_status(outcome_of(fixture, EVW_VERB_KEYS, &header, none), EVW_UNKNOWN_APP);
	header = header_for("old");
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, BYTES("\3")),
				  EVW_BAD_COLUMNS);
	assert_status(outcome_of(fixture, EVW_VERB_DECRYPT, &header, BYTES("\0")),
				  EVW_UNSUPPORTED);
	assert_status(outcome_of(fixture, EVW_VERB_RELOAD, &header, none), EVW_NOT_ALLOWED);
	header.curve = EVW_CURVE_SECP256K1;
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_UNSUPPORTED);
	header = header_for("old");
	header.format = BYTES("Tk9D");
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_UNSUPPORTED);
	header = header_for("old");
	header.values_per_key = 1;
	assert_status(outcome_of(fixture, EVW_VERB_ENCRYPT, &header, none), EVW_UNSUPPORTED);
}

/* Lengths are the worker's to check: the request is taken apart without. */
static void
lengths_must_add_up(void **state)
{
	Fixture *fixture = *state;
	const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT, EVW_VERB_ECHO};
	const EvwBytes value = BYTES("abc");
	EvwRequestHeader header = header_for("old");

	for (int i = 0; i < 3; i++)
	{
		EvwMessage message;
		E3Call call;

		make_call(&call, verbs[i], &header, &value, 1, (EvwBytes){NULL, 0});
		evw_put_le32((uint8_t *) call.request.values.lengths.data, 4);
		assert_status(execute(fixture, &call, &message), EVW_BAD_COLUMNS);
		e3_call_release(&call);
	}
}

/* At the limit and one beyond, without 64 MiB for every test machine's sake. */
static void
reply_that_would_not_fit_is_refused_first(void **state)
{
	Fixture *fixture = *state;
	const size_t overhead = EVW_ENVELOPE_MIN + 15;
	EvwRequestHeader header = header_for("old");
	uint32_t count = EVW_VALUES_MAX;
	EvwBytes *values = calloc(count, sizeof(EvwBytes));
	EvwMessage message;
	E3Call call;

	/* 2^20 empty values: their envelopes alone are longer than a frame. */
	assert_true((size_t) count * overhead > EVW_FRAME_MAX);
	make_call(&call, EVW_VERB_ENCRYPT, &header, values, count, (EvwBytes){NULL, 0});
	assert_status(execute(fixture, &call, &message), EVW_REPLY_TOO_LONG);
	assert_int_equal(call.done, 0);
	e3_call_release(&call);
	free(values);
}

static void
cancelled_call_does_nothing_more(void **state)
{
	Fixture *fixture = *state;
	EvwBytes value = BYTES("x");
	EvwRequestHeader header = header_for("old");
	EvwMessage message;
	uint32_t done;
	E3Call call;

	make_call(&call, EVW_VERB_ENCRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	atomic_store(&call.cancelled, true);
	assert_status(execute(fixture, &call, &message), EVW_CANCELLED);
	assert_status(evw_cancelled_decode(&message, &done), EVW_OK);
	assert_int_equal(done, 0);
	e3_call_release(&call);
}

static void
deadline_in_the_past_is_an_error(void **state)
{
	Fixture *fixture = *state;
	EvwBytes value = BYTES("x");
	EvwRequestHeader header = header_for("old");
	EvwMessage message;
	E3Call call;

	make_call(&call, EVW_VERB_DECRYPT, &header, &value, 1, (EvwBytes){NULL, 0});
	call.deadline_ns = e3_clock_ns() - 1;
	assert_status(execute(fixture, &call, &message), EVW_DEADLINE);
	e3_call_release(&call);
}

static void
empty_request_has_an_empty_result(void **state)
{
	Fixture *fixture = *state;
	const EvwVerb verbs[] = {EVW_VERB_ENCRYPT, EVW_VERB_DECRYPT, EVW_VERB_ECHO};
	EvwRequestHeader header = header_for("old");

	for (int i = 0; i < 3; i++)
	{
		EvwMessage message;
		EvwResult result;
		E3Call call;

		make_call(&call, verbs[i], &header, NULL, 0, (EvwBytes){NULL, 0});
		assert_status(execute(fixture, &call, &message), EVW_OK);
		assert_status(evw_result_decode(&message, &result), EVW_OK);
		assert_int_equal(evw_column_count(&result.values), 0);
		e3_call_release(&call);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_every_p256_version),
		cmocka_unit_test(no_flipped_bit_opens),
		cmocka_unit_test(no_truncation_opens),
		cmocka_unit_test(hint_names_one_key),
		cmocka_unit_test(round_trip_keeps_values_apart),
		cmocka_unit_test(requests_do_not_share_keys),
		cmocka_unit_test(many_values_never_share_an_iv),
		cmocka_unit_test(bad_value_harms_no_other),
		cmocka_unit_test(refuses_what_it_cannot_do),
		cmocka_unit_test(lengths_must_add_up),
		cmocka_unit_test(reply_that_would_not_fit_is_refused_first),
		cmocka_unit_test(cancelled_call_does_nothing_more),
		cmocka_unit_test(deadline_in_the_past_is_an_error),
		cmocka_unit_test(empty_request_has_an_empty_result),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
