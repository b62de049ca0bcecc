/*
 * unit/reply_test.c
 *	  Replies: what a client refuses, and what it reads.
 */
#include "wire_help.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/reply.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

static EvwStatus
decode_result(EvwBytes body, EvwResult *result)
{
	EvwMessage message;
	EvwStatus status = evw_message_split(body, &message);

	return status == EVW_OK ? evw_result_decode(&message, result) : status;
}

static void
results_whose_columns_disagree(void **state)
{
	static const EvwBytes wrong[] = {
		/* lengths say 2 bytes, there is 1; there are 3 */
		BYTES("\x96\x40\x01\x80\xc4\x01x\xc4\x04\2\0\0\0\xc0"),
		BYTES("\x96\x40\x01\x80\xc4\x03xxx\xc4\x04\2\0\0\0\xc0"),
		/* bytes without a length */
		BYTES("\x96\x40\x01\x80\xc4\x01x\xc4\x00\xc0"),
		BYTES("\x94\x40\x01\x80\xc4\x00"),
		/* statuses: none for one value, two for one, a string */
		BYTES("\x96\x40\x01\x80\xc4\x01x\xc4\x04\1\0\0\0\xc4\x00"),
		BYTES("\x96\x40\x01\x80\xc4\x01x\xc4\x04\1\0\0\0\xc4\x02\0\0"),
		BYTES("\x96\x40\x01\x80\xc4\x01x\xc4\x04\1\0\0\0\xa1\0"),
		BYTES("\x96\x40\x01\x80\xc0\xc0\xc4\x01\0"),
		/* lengths that are no multiple of 4 */
		BYTES("\x96\x40\x01\x80\xc4\x00\xc4\x01\0\xc0"),
	};
	EvwResult result;

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_status(decode_result(wrong[i], &result), EVW_BAD_COLUMNS);
}

static void
results_with_wrong_headers(void **state)
{
	EvwResult result;

	(void) state;
	assert_status(decode_result(BYTES("\x93\x40\x01\x81\xa5"
									  "e3_ns\xff"),
								&result),
				  EVW_MALFORMED);
	assert_status(decode_result(BYTES("\x93\x40\x01\x81\xabkey_version\xcf\0\0\0\1\0\0\0"
									  "\0"),
								&result),
				  EVW_MALFORMED);
	assert_status(decode_result(BYTES("\x93\x40\x01\x82\xa5"
									  "e3_ns\x01\xa5"
									  "e3_ns\x01"),
								&result),
				  EVW_BAD_HEADER);
}

static void
results_with_long_values(void **state)
{
	EvwResult result;
	uint8_t body[] = "\x96\x40\x01\x80\xc4\x00\xc4\x04\0\0\0\0\xc0";

	(void) state;
	evw_put_le32(body + 8, EVW_ENVELOPE_MAX + 1);
	assert_status(decode_result((EvwBytes){body, sizeof(body) - 1}, &result),
				  EVW_VALUE_TOO_LONG);
	evw_put_le32(body + 8, EVW_ENVELOPE_MAX);
	assert_status(decode_result((EvwBytes){body, sizeof(body) - 1}, &result),
				  EVW_BAD_COLUMNS);
}

static void
a_result_reads_back(void **state)
{
	EvwResult result;
	EvwBuf buf;

	(void) state;
	wire_sample_encode("result", &buf);
	assert_status(decode_result(help_body(&buf), &result), EVW_OK);
	assert_true(result.header.e3_ns == 1234567);
	assert_int_equal(result.header.cache_hits, 0);
	assert_int_equal(result.header.key_version, 1);
	assert_bytes_equal(result.values.bytes, BYTES("hello world"));
	assert_null(result.statuses.data);
	help_buf_free(&buf);

	wire_sample_encode("result_statuses", &buf);
	assert_status(decode_result(help_body(&buf), &result), EVW_OK);
	assert_true(result.header.e3_ns == UINT64_C(1) << 40);
	assert_int_equal(result.header.cache_hits, 3);
	assert_bytes_equal(result.statuses, BYTES("\1\0"));
	assert_int_equal(evw_column_count(&result.values), 2);
	help_buf_free(&buf);
}

static void
an_empty_result_reads_back(void **state)
{
	EvwResult result;
	EvwResultMark mark;
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	mark = evw_result_begin(&buf, 1, 0);
	evw_write_bin(&buf, BYTES(""));
	evw_write_bin(&buf, BYTES(""));
	evw_write_nil(&buf);
	evw_result_end(&buf, mark, UINT64_MAX, UINT32_MAX);
	assert_status(decode_result(help_body(&buf), &result), EVW_OK);
	assert_int_equal(evw_column_count(&result.values), 0);
	assert_true(result.header.e3_ns == UINT64_MAX);
	assert_true(result.header.cache_hits == UINT32_MAX);
	help_buf_free(&buf);
}

/* "end" must leave a buffer alone that was too small for the beginning. */
static void
a_result_that_does_not_fit(void **state)
{
	(void) state;
	for (size_t cap = 0; cap < 60; cap++)
	{
		uint8_t *memory = malloc(cap);
		EvwResultMark mark;
		EvwBuf buf;

		evw_buf_fixed(&buf, memory, cap);
		mark = evw_result_begin(&buf, 1, 1);
		evw_write_bin(&buf, BYTES("x"));
		evw_write_bin(&buf, BYTES("\1\0\0\0"));
		evw_write_nil(&buf);
		evw_result_end(&buf, mark, 1, 1);
		assert_status(buf.status, EVW_NO_SPACE);
		free(memory);
	}
}

static EvwStatus
decode_error(EvwBytes body, EvwErrorHeader *header)
{
	EvwMessage message;

	assert_status(evw_message_split(body, &message), EVW_OK);
	return evw_error_decode(&message, header);
}

static void
errors_that_say_nothing(void **state)
{
	EvwErrorHeader header;

	(void) state;
	assert_status(decode_error(BYTES("\x93\x41\x01\x80"), &header), EVW_BAD_HEADER);
	assert_status(decode_error(BYTES("\x93\x41\x01\x81\xa4"
									 "code\x00"),
							   &header),
				  EVW_BAD_HEADER);
	assert_status(decode_error(BYTES("\x93\x41\x01\x81\xa4"
									 "code\xce\x00\x01\x00\x00"),
							   &header),
				  EVW_MALFORMED);
	assert_status(decode_error(BYTES("\x93\x41\x01\x81\xa4"
									 "code\xa1x"),
							   &header),
				  EVW_MALFORMED);
	assert_status(decode_error(BYTES("\x93\x41\x01\x82\xa4"
									 "code\x01\xa4"
									 "code\x02"),
							   &header),
				  EVW_BAD_HEADER);
}

static EvwStatus
error_message_of(size_t len)
{
	EvwErrorHeader header = {EVW_BUSY, {calloc(len, 1), len}, 0};
	EvwErrorHeader back;
	EvwStatus status;
	EvwBuf buf;

	help_buf_init(&buf);
	evw_error_encode(&buf, 1, &header);
	status = decode_error(help_body(&buf), &back);
	help_buf_free(&buf);
	help_release(header.message);
	return status;
}

static void
error_messages_at_the_limit(void **state)
{
	(void) state;
	assert_status(error_message_of(0), EVW_OK);
	assert_status(error_message_of(EVW_MESSAGE_MAX), EVW_OK);
	assert_status(error_message_of(EVW_MESSAGE_MAX + 1), EVW_BAD_HEADER);
}

static void
errors_read_back(void **state)
{
	EvwErrorHeader header;
	EvwBuf buf;

	(void) state;
	wire_sample_encode("error_busy", &buf);
	assert_status(decode_error(help_body(&buf), &header), EVW_OK);
	assert_int_equal(header.code, EVW_BUSY);
	assert_bytes_equal(header.message, BYTES("E3 is busy"));
	assert_int_equal(header.retry_ms, 100);
	help_buf_free(&buf);
	/* A code of a newer E3 is not an error of decoding. */
	assert_status(decode_error(BYTES("\x93\x41\x01\x81\xa4"
									 "code\xcd\x03\xe7"),
							   &header),
				  EVW_OK);
	assert_int_equal(header.code, 999);
	assert_string_equal(evw_status_name(header.code), "UNKNOWN");
}

static void
cancelled_reads_back(void **state)
{
	EvwMessage message;
	uint32_t done;
	EvwBuf buf;

	(void) state;
	wire_sample_encode("cancelled", &buf);
	assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
	assert_status(evw_cancelled_decode(&message, &done), EVW_OK);
	assert_int_equal(done, 42);
	help_buf_free(&buf);
	for (uint32_t more = 0; more < 2; more++)
	{
		help_buf_init(&buf);
		evw_cancelled_encode(&buf, 1, EVW_VALUES_MAX + more);
		assert_status(evw_message_split(help_body(&buf), &message), EVW_OK);
		assert_status(evw_cancelled_decode(&message, &done),
					  more ? EVW_MALFORMED : EVW_OK);
		help_buf_free(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_whose_columns_disagree),
		cmocka_unit_test(results_with_wrong_headers),
		cmocka_unit_test(results_with_long_values),
		cmocka_unit_test(a_result_reads_back),
		cmocka_unit_test(an_empty_result_reads_back),
		cmocka_unit_test(a_result_that_does_not_fit),
		cmocka_unit_test(errors_that_say_nothing),
		cmocka_unit_test(error_messages_at_the_limit),
		cmocka_unit_test(errors_read_back),
		cmocka_unit_test(cancelled_reads_back),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
