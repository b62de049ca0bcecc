/*
 * unit/request_test.c
 *	  Requests: header fields at their limits, columns that disagree, ids.
 */
#include "wire_help.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/request.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

/* [3, 1, {key: value}] where the value is MessagePack already. */
static EvwStatus
decode_field(const char *key, EvwBytes value, EvwRequest *request)
{
	EvwMessage message;
	EvwStatus status;
	EvwBuf buf;

	help_buf_init(&buf);
	evw_message_begin(&buf, EVW_VERB_ENCRYPT, 1, 0);
	evw_write_map(&buf, 1);
	evw_write_str(&buf, key);
	evw_buf_append(&buf, value.data, value.len);
	evw_frame_end(&buf);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	status = evw_request_decode(&message, request);
	help_buf_free(&buf);
	return status;
}

/* The same with a string of n times this character. */
static EvwStatus
decode_text(const char *key, char c, size_t n)
{
	uint8_t *text = malloc(n + 1);
	EvwRequest request;
	EvwStatus status;
	EvwBuf value;

	memset(text, c, n);
	help_buf_init(&value);
	evw_write_str_bytes(&value, (EvwBytes){text, n});
	status = decode_field(key, help_buf_bytes(&value), &request);
	help_buf_free(&value);
	free(text);
	return status;
}

static EvwStatus
decode_number(const char *key, uint64_t number)
{
	EvwRequest request;
	EvwStatus status;
	EvwBuf value;

	help_buf_init(&value);
	evw_write_uint(&value, number);
	status = decode_field(key, help_buf_bytes(&value), &request);
	help_buf_free(&value);
	return status;
}

static void
texts_at_their_limits(void **state)
{
	static const struct
	{
		const char *key;
		size_t min;
		size_t max;
	} fields[] = {
		{"app", 1, EVW_APP_MAX},
		{"role", 1, EVW_ROLE_MAX},
		{"format", 4, 4},
		{"credential", 0, EVW_CREDENTIAL_MAX},
		{"label", 0, EVW_LABEL_MAX},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
	{
		if (fields[i].min > 0)
			assert_status(decode_text(fields[i].key, 'a', fields[i].min - 1),
						  EVW_BAD_HEADER);
		assert_status(decode_text(fields[i].key, 'a', fields[i].min), EVW_OK);
		assert_status(decode_text(fields[i].key, 'a', fields[i].max), EVW_OK);
		assert_status(decode_text(fields[i].key, 'a', fields[i].max + 1), EVW_BAD_HEADER);
	}
}

static void
numbers_at_their_limits(void **state)
{
	(void) state;
	assert_status(decode_number("deadline_ms", 0), EVW_BAD_HEADER);
	assert_status(decode_number("deadline_ms", 1), EVW_OK);
	assert_status(decode_number("deadline_ms", EVW_DEADLINE_MAX_MS), EVW_OK);
	assert_status(decode_number("deadline_ms", EVW_DEADLINE_MAX_MS + 1), EVW_BAD_HEADER);
	assert_status(decode_number("per_key", 0), EVW_OK);
	assert_status(decode_number("per_key", EVW_VALUES_MAX), EVW_OK);
	assert_status(decode_number("per_key", EVW_VALUES_MAX + 1), EVW_BAD_HEADER);
	assert_status(decode_number("per_key", UINT64_MAX), EVW_BAD_HEADER);
}

static void
fields_of_another_kind(void **state)
{
	static const char *const texts[] = {"app",	"curve",	  "format",
										"role", "credential", "label"};
	static const EvwBytes wrong[] = {BYTES("\x01"), BYTES("\xc0"), BYTES("\xc4\x04p256"),
									 BYTES("\x91\xa4p256"), BYTES("\xca\0\0\0\0")};
	EvwRequest request;

	(void) state;
	for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++)
	{
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
			assert_status(decode_field(texts[t], wrong[w], &request), EVW_BAD_HEADER);
		if (w > 0)
			assert_status(decode_field("deadline_ms", wrong[w], &request),
						  EVW_BAD_HEADER);
	}
	assert_status(decode_field("deadline_ms", BYTES("\xff"), &request), EVW_BAD_HEADER);
	assert_status(decode_field("per_key", BYTES("\xd0\x80"), &request), EVW_BAD_HEADER);
}

static void
a_trace_has_16_bytes(void **state)
{
	EvwRequest request;

	(void) state;
	assert_status(decode_field("trace",
							   BYTES("\xc4\x0f"
									 "0123456789abcde"),
							   &request),
				  EVW_BAD_HEADER);
	assert_status(decode_field("trace",
							   BYTES("\xc4\x11"
									 "0123456789abcdefg"),
							   &request),
				  EVW_BAD_HEADER);
	assert_status(decode_field("trace",
							   BYTES("\xb0"
									 "0123456789abcdef"),
							   &request),
				  EVW_BAD_HEADER);
	assert_status(decode_field("trace",
							   BYTES("\xc4\x10"
									 "0123456789abcdef"),
							   &request),
				  EVW_OK);
}

static void
a_curve_is_one_of_two(void **state)
{
	static const EvwBytes wrong[] = {BYTES("\xa0"), BYTES("\xa4P256"), BYTES("\xa3p25"),
									 BYTES("\xa5p256\0"), BYTES("\xa9secp256r1")};
	EvwRequest request;

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_status(decode_field("curve", wrong[i], &request), EVW_BAD_HEADER);
	assert_status(decode_field("curve", BYTES("\xa9secp256k1"), &request), EVW_OK);
	assert_int_equal(request.header.curve, EVW_CURVE_SECP256K1);
	assert_status(decode_field("curve", BYTES("\xa4p256"), &request), EVW_OK);
	assert_int_equal(request.header.curve, EVW_CURVE_P256);
	assert_string_equal(evw_curve_name(EVW_CURVE_P256), "p256");
	assert_string_equal(evw_curve_name(EVW_CURVE_SECP256K1), "secp256k1");
}

/* What each byte may do in a name. */
static void
names_are_slugs(void **state)
{
	(void) state;
	for (int c = 0; c < 256; c++)
	{
		uint8_t byte = (uint8_t) c;
		bool slug = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';

		assert_int_equal(evw_app_name_valid((EvwBytes){&byte, 1}), slug || c == '_');
		assert_int_equal(evw_role_valid((EvwBytes){&byte, 1}), slug);
	}
	assert_false(evw_app_name_valid((EvwBytes){NULL, 0}));
	assert_false(evw_role_valid((EvwBytes){NULL, 0}));
	assert_false(evw_app_name_valid(BYTES("app name")));
	assert_false(evw_app_name_valid(BYTES("app\0")));
}

static EvwStatus
decode_body(EvwBytes body, EvwRequest *request)
{
	EvwMessage message;
	EvwStatus status = evw_message_split(body, &message);

	return status == EVW_OK ? evw_request_decode(&message, request) : status;
}

static void
id_0_is_nobodys(void **state)
{
	EvwRequest request;

	(void) state;
	assert_status(decode_body(BYTES("\x93\x0b\x00\x80"), &request), EVW_BAD_ID);
	assert_status(decode_body(BYTES("\x93\x0b\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x80"),
							  &request),
				  EVW_OK);
	assert_true(request.id == UINT64_MAX);
}

static void
headers_that_are_not_maps_of_strings(void **state)
{
	EvwRequest request;

	(void) state;
	assert_status(decode_body(BYTES("\x93\x03\x01\x81\x01\x02"), &request),
				  EVW_BAD_HEADER);
	assert_status(decode_body(BYTES("\x93\x03\x01\x82\xa3"
									"app\xa1"
									"a\xa3"
									"app\xa1"
									"a"),
							  &request),
				  EVW_BAD_HEADER);
	assert_status(decode_body(BYTES("\x93\x03\x01\x82\xa3new\x91\xc0\xa3"
									"app\xa1"
									"a"),
							  &request),
				  EVW_OK);
	assert_bytes_equal(request.header.app, BYTES("a"));
}

static void
columns_that_disagree(void **state)
{
	static const EvwBytes wrong[] = {
		/* bytes without lengths */
		BYTES("\x94\x0b\x01\x80\xc4\x00"),
		/* two values, one datatype; two; three */
		BYTES("\x96\x0b\x01\x80\xc4\x00\xc4\x08\0\0\0\0\0\0\0\0\xc4\x01\0"),
		BYTES("\x96\x0b\x01\x80\xc4\x00\xc4\x08\0\0\0\0\0\0\0\0\xc4\x03\0\0\0"),
		/* datatypes without values */
		BYTES("\x96\x0b\x01\x80\xc0\xc0\xc4\x01\0"),
		/* datatypes are a string */
		BYTES("\x96\x0b\x01\x80\xc4\x00\xc4\x04\0\0\0\0\xa1\0"),
		BYTES("\x96\x0b\x01\x80\xc4\x00\xc4\x00\xa0"),
		/* two contexts for one value */
		BYTES("\x98\x0b\x01\x80\xc4\x00\xc4\x04\0\0\0\0\xc0\xc4\x00\xc4\x08\0\0\0\0\0\0\0"
			  "\0"),
		/* contexts without lengths */
		BYTES("\x97\x0b\x01\x80\xc4\x00\xc4\x04\0\0\0\0\xc0\xc4\x00"),
		/* a sixth column */
		BYTES("\x99\x0b\x01\x80\xc4\x00\xc4\x04\0\0\0\0\xc0\xc0\xc0\xc0"),
		/* lengths that are no multiple of 4 */
		BYTES("\x95\x0b\x01\x80\xc4\x00\xc4\x05\0\0\0\0\0"),
	};
	EvwRequest request;

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_status(decode_body(wrong[i], &request), EVW_BAD_COLUMNS);
}

static void
too_many_values(void **state)
{
	size_t len = ((size_t) EVW_VALUES_MAX + 1) * 4;
	EvwBytes lengths = {calloc(len, 1), len};
	EvwRequestHeader none = {0};

	(void) state;
	for (int more = 0; more < 2; more++)
	{
		EvwRequest request;
		EvwBuf buf;

		lengths.len = len - (more ? 0 : 4);
		help_buf_init(&buf);
		evw_request_begin(&buf, EVW_VERB_ECHO, 1, &none, 2);
		evw_write_bin(&buf, BYTES(""));
		evw_write_bin(&buf, lengths);
		evw_frame_end(&buf);
		assert_status(decode_body(help_body(&buf), &request),
					  more ? EVW_TOO_MANY_VALUES : EVW_OK);
		help_buf_free(&buf);
	}
	help_release(lengths);
}

static void
decode_sample(const char *name, EvwBuf *buf, EvwRequest *request)
{
	wire_sample_encode(name, buf);
	assert_status(decode_body(help_body(buf), request), EVW_OK);
}

static void
every_field_reads_back(void **state)
{
	EvwRequest request;
	EvwBuf buf;

	(void) state;
	decode_sample("encrypt_every_field", &buf, &request);
	assert_int_equal(request.verb, EVW_VERB_ENCRYPT);
	assert_true(request.id == 7);
	assert_bytes_equal(request.header.app, BYTES("demo"));
	assert_int_equal(request.header.curve, EVW_CURVE_SECP256K1);
	assert_bytes_equal(request.header.format, BYTES("S0lS"));
	assert_bytes_equal(request.header.role, BYTES("permit-all"));
	assert_int_equal(request.header.values_per_key, 4096);
	assert_int_equal(request.header.deadline_ms, 30000);
	assert_int_equal(request.header.trace.len, EVW_TRACE_LEN);
	assert_int_equal(request.header.trace.data[15], 15);
	assert_bytes_equal(request.header.credential, BYTES("token"));
	assert_bytes_equal(request.header.label, BYTES("alice"));
	assert_bytes_equal(request.values.bytes, BYTES("x"));
	assert_null(request.datatypes.data);
	assert_null(request.contexts.bytes.data);
	help_buf_free(&buf);
}

static void
columns_read_back(void **state)
{
	EvwRequest request;
	EvwBuf buf;

	(void) state;
	decode_sample("encrypt", &buf, &request);
	assert_int_equal(evw_column_count(&request.values), 3);
	assert_bytes_equal(request.datatypes, BYTES("\0\0\1"));
	help_buf_free(&buf);
	decode_sample("encrypt_contexts", &buf, &request);
	assert_null(request.datatypes.data);
	assert_bytes_equal(request.contexts.bytes, BYTES("c"));
	assert_int_equal(evw_column_count(&request.contexts), 2);
	help_buf_free(&buf);
	decode_sample("encrypt_one_context", &buf, &request);
	assert_bytes_equal(request.contexts.bytes, BYTES("c"));
	assert_int_equal(evw_column_count(&request.values), 2);
	assert_int_equal(evw_column_count(&request.contexts), 1);
	help_buf_free(&buf);
}

static void
requests_without_values(void **state)
{
	static const struct
	{
		const char *name;
		EvwVerb verb;
	} plain[] = {
		{"cancel", EVW_VERB_CANCEL}, {"health", EVW_VERB_HEALTH},
		{"stats", EVW_VERB_STATS},	 {"keys", EVW_VERB_KEYS},
		{"reload", EVW_VERB_RELOAD}, {"encrypt_empty", EVW_VERB_ENCRYPT},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
	{
		EvwRequest request;
		EvwBuf buf;

		decode_sample(plain[i].name, &buf, &request);
		assert_int_equal(request.verb, plain[i].verb);
		assert_int_equal(evw_column_count(&request.values), 0);
		assert_status(evw_column_check(&request.values, 0, EVW_VALUE_TOO_LONG), EVW_OK);
		help_buf_free(&buf);
	}
}

/* Any one byte of a request changed: refused or read, nothing else. */
static void
any_byte_changed(void **state)
{
	int refused = 0;

	(void) state;
	for (const WireSample *sample = wire_samples; sample->name != NULL; sample++)
	{
		EvwBuf buf;
		EvwBytes body;

		wire_sample_encode(sample->name, &buf);
		body = help_exact(help_body(&buf));
		for (size_t at = 0; at < body.len; at++)
			for (int bit = 0; bit < 8; bit++)
			{
				EvwRequest request;

				((uint8_t *) body.data)[at] ^= (uint8_t) (1 << bit);
				refused += decode_body(body, &request) != EVW_OK;
				((uint8_t *) body.data)[at] ^= (uint8_t) (1 << bit);
			}
		help_release(body);
		help_buf_free(&buf);
	}
	assert_true(refused > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_at_their_limits),
		cmocka_unit_test(numbers_at_their_limits),
		cmocka_unit_test(fields_of_another_kind),
		cmocka_unit_test(a_trace_has_16_bytes),
		cmocka_unit_test(a_curve_is_one_of_two),
		cmocka_unit_test(names_are_slugs),
		cmocka_unit_test(id_0_is_nobodys),
		cmocka_unit_test(headers_that_are_not_maps_of_strings),
		cmocka_unit_test(columns_that_disagree),
		cmocka_unit_test(too_many_values),
		cmocka_unit_test(every_field_reads_back),
		cmocka_unit_test(columns_read_back),
		cmocka_unit_test(requests_without_values),
		cmocka_unit_test(any_byte_changed),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
