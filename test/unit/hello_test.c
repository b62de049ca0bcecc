/*
 * unit/hello_test.c
 *	  HELLO: versions and fields that are refused, and both directions read back.
 */
#include "wire_help.h"

#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/limits.h"
#include "wire/writer.h"

#include <string.h>

static EvwStatus
decode_client(const EvwBuf *buf)
{
	EvwMessage message;
	EvwClientHello hello;

	assert_status(evw_message_split(help_body(buf), &message), EVW_OK);
	return evw_client_hello_decode(&message, &hello);
}

static EvwStatus
client_versions(uint32_t min, uint32_t max)
{
	EvwClientHello hello = {min, max, BYTES("test")};
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_client_hello_encode(&buf, &hello);
	status = decode_client(&buf);
	help_buf_free(&buf);
	return status;
}

static void
versions_that_make_no_range(void **state)
{
	(void) state;
	assert_status(client_versions(0, 0), EVW_BAD_HEADER);
	assert_status(client_versions(0, 1), EVW_BAD_HEADER);
	assert_status(client_versions(2, 1), EVW_BAD_HEADER);
	assert_status(client_versions(1, 65536), EVW_BAD_HEADER);
	assert_status(client_versions(1, 65535), EVW_OK);
	assert_status(client_versions(255, 255), EVW_OK);
	assert_status(client_versions(1, 1), EVW_OK);
}

static EvwStatus
client_name_of(size_t len)
{
	static const char name[EVW_LABEL_MAX + 2] = "";
	EvwClientHello hello = {1, 1, {(const uint8_t *) name, len}};
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_client_hello_encode(&buf, &hello);
	status = decode_client(&buf);
	help_buf_free(&buf);
	return status;
}

static void
client_names_at_the_limit(void **state)
{
	(void) state;
	assert_status(client_name_of(0), EVW_OK);
	assert_status(client_name_of(EVW_LABEL_MAX), EVW_OK);
	assert_status(client_name_of(EVW_LABEL_MAX + 1), EVW_BAD_HEADER);
}

/* The message [1, id, header] and a column. */
static EvwStatus
decode_client_bytes(EvwBytes body)
{
	EvwMessage message;
	EvwClientHello hello;

	assert_status(evw_message_split(body, &message), EVW_OK);
	return evw_client_hello_decode(&message, &hello);
}

static void
a_hello_has_id_0_and_nothing_but_its_header(void **state)
{
	(void) state;
	assert_status(decode_client_bytes(BYTES("\x93\x01\x01\x82\xabversion_min\x01"
											"\xabversion_max\x01")),
				  EVW_BAD_HEADER);
	assert_status(decode_client_bytes(BYTES("\x94\x01\x00\x82\xabversion_min\x01"
											"\xabversion_max\x01\xc0")),
				  EVW_BAD_HEADER);
	assert_status(decode_client_bytes(BYTES("\x93\x01\x00\x82\xabversion_min\x01"
											"\xabversion_max\x01")),
				  EVW_OK);
	assert_status(decode_client_bytes(BYTES("\x93\x01\x00\x80")), EVW_BAD_HEADER);
	assert_status(decode_client_bytes(BYTES("\x93\x01\x00\x81\xabversion_min\xa1"
											"1")),
				  EVW_BAD_HEADER);
	assert_status(decode_client_bytes(BYTES("\x93\x01\x00\x83\xabversion_min\x01"
											"\xabversion_max\x01\xabversion_max\x02")),
				  EVW_BAD_HEADER);
}

static void
a_client_hello_reads_back(void **state)
{
	EvwMessage message;
	EvwClientHello hello;
	EvwBuf buf;

	(void) state;
	wire_sample_encode("client_hello", &buf);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	assert_int_equal(message.type, EVW_VERB_HELLO);
	assert_status(evw_client_hello_decode(&message, &hello), EVW_OK);
	assert_int_equal(hello.version_min, 1);
	assert_int_equal(hello.version_max, 1);
	assert_bytes_equal(hello.client, BYTES("evcrypt 1.0"));
	help_buf_free(&buf);
}

static void
a_server_hello_without_its_numbers(void **state)
{
	static const EvwBytes wrong[] = {
		BYTES("\x93\x01\x00\x80"),
		BYTES("\x93\x01\x00\x81\xa7version\x01"),
		BYTES("\x93\x01\x00\x81\xa9"
			  "frame_max\x01"),
		BYTES("\x93\x01\x00\x82\xa7version\x00\xa9"
			  "frame_max\x01"),
	};

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		EvwMessage message;
		EvwServerHello hello;

		assert_status(evw_message_split(wrong[i], &message), EVW_OK);
		assert_status(evw_server_hello_decode(&message, &hello), EVW_BAD_HEADER);
	}
}

static void
a_server_hello_reads_back(void **state)
{
	EvwMessage message;
	EvwServerHello hello;
	EvwBuf buf;

	(void) state;
	wire_sample_encode("server_hello", &buf);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	assert_status(evw_server_hello_decode(&message, &hello), EVW_OK);
	assert_int_equal(hello.version, EVW_PROTOCOL_VERSION);
	assert_true(hello.features == EVW_FEATURE_CANCEL);
	assert_int_equal(hello.frame_max, EVW_FRAME_MAX);
	assert_int_equal(hello.plaintext_max, EVW_PLAINTEXT_MAX);
	assert_int_equal(hello.values_max, EVW_VALUES_MAX);
	assert_int_equal(hello.inflight_max, EVW_INFLIGHT_MAX);
	assert_int_equal(hello.depth_max, EVW_DEPTH_MAX);
	assert_int_equal(hello.idle_ms, EVW_IDLE_TIMEOUT_MS);
	help_buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_that_make_no_range),
		cmocka_unit_test(client_names_at_the_limit),
		cmocka_unit_test(a_hello_has_id_0_and_nothing_but_its_header),
		cmocka_unit_test(a_client_hello_reads_back),
		cmocka_unit_test(a_server_hello_without_its_numbers),
		cmocka_unit_test(a_server_hello_reads_back),
	};

	return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
