/*
 * unit/message_test.c
 *	  Messages: every truncation of every kind, headers, columns, and the
 *	  golden bytes.
 */
#include "wire_help.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/message.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

static EvwStatus
split(EvwBytes body)
{
	EvwBytes exact = help_exact(body);
	EvwMessage message;
	EvwStatus status = evw_message_split(exact, &message);

	help_release(exact);
	return status;
}

static void
every_truncation_of_every_message(void **state)
{
	(void) state;
	for (const WireSample *sample = wire_samples; sample->name != NULL; sample++)
	{
		EvwBuf buf;
		EvwBytes body;

		wire_sample_encode(sample->name, &buf);
		body = help_body(&buf);
		assert_status(split(body), EVW_OK);
		for (size_t len = 0; len < body.len; len++)
			assert_status(split((EvwBytes){body.data, len}), EVW_TRUNCATED);
		help_buf_free(&buf);
	}
}

static void
bytes_after_every_message(void **state)
{
	(void) state;
	for (const WireSample *sample = wire_samples; sample->name != NULL; sample++)
	{
		EvwBuf buf;
		EvwBytes body;

		wire_sample_encode(sample->name, &buf);
		evw_write_nil(&buf);
		body = (EvwBytes){buf.data + EVW_FRAME_PREFIX, buf.len - EVW_FRAME_PREFIX};
		assert_status(split(body), EVW_TRAILING_BYTES);
		help_buf_free(&buf);
	}
}

static void
what_is_not_a_message(void **state)
{
	static const EvwBytes wrong[] = {
		BYTES("\xc0"),							   /* no array */
		BYTES("\x80"),							   /* a map */
		BYTES("\x90"),							   /* nothing in it */
		BYTES("\x92\x03\x01"),					   /* no header */
		BYTES("\x93\xa1x\x01\x80"),				   /* type is a string */
		BYTES("\x93\xcd\x01\x00\x01\x80"),		   /* type 256 */
		BYTES("\x93\xff\x01\x80"),				   /* type -1 */
		BYTES("\x93\x03\xff\x80"),				   /* id -1 */
		BYTES("\x93\x03\xca\x3f\x80\x00\x00\x80"), /* id is a float */
		BYTES("\x93\x03\xc0\x80"),				   /* id is nil */
		BYTES("\x93\x03\x01\xc0"),				   /* header is nil */
		BYTES("\x93\x03\x01\x90"),				   /* header is an array */
		BYTES("\x93\x03\x01\xc1"),				   /* reserved byte */
	};

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_status(split(wrong[i]), EVW_MALFORMED);
	assert_status(split(BYTES("\xdd\xff\x00\x00\x00")), EVW_TRUNCATED);
	assert_status(split(BYTES("\x93\x03\x01\x80")), EVW_OK);
}

static void
the_largest_numbers(void **state)
{
	EvwMessage message;

	(void) state;
	assert_status(evw_message_split(BYTES("\x93\xcc\xff\xcf\xff\xff\xff\xff\xff\xff\xff"
										  "\xff\x80"),
									&message),
				  EVW_OK);
	assert_int_equal(message.type, 255);
	assert_true(message.id == UINT64_MAX);
	assert_int_equal(message.n_columns, 0);
}

/* A message whose header is one unknown key, encoded in "len" bytes. */
static EvwStatus
split_header_of(size_t len)
{
	EvwBytes filler = {calloc(len, 1), len - 6};
	EvwBuf buf;
	EvwMessage message;
	EvwStatus status;

	help_buf_init(&buf);
	evw_message_begin(&buf, EVW_VERB_ECHO, 5, 0);
	evw_write_map(&buf, 1);
	evw_write_str(&buf, "x");
	evw_write_bin(&buf, filler);
	evw_frame_end(&buf);
	status = evw_message_split(help_body(&buf), &message);
	assert_int_equal(message.header.len, len);
	/* The request that gets the error must be known. */
	assert_true(message.id == 5);
	help_release(filler);
	help_buf_free(&buf);
	return status;
}

static void
headers_at_the_limit(void **state)
{
	(void) state;
	assert_status(split_header_of(EVW_HEADER_MAX), EVW_OK);
	assert_status(split_header_of(EVW_HEADER_MAX + 1), EVW_BAD_HEADER);
}

/* Reads the keys "a" and "b", which have numbers. */
static EvwStatus
read_header(EvwBytes header, uint64_t values[2])
{
	static const char *const known[] = {"a", "b", NULL};
	EvwHeaderKeys keys;
	int key;

	values[0] = values[1] = 0;
	evw_header_open(&keys, header, known);
	while ((key = evw_header_next(&keys)) >= 0)
		values[key] = evw_read_uint(&keys.reader);
	return keys.reader.status;
}

static void
header_keys_are_strings_and_come_once(void **state)
{
	uint64_t values[2];

	(void) state;
	assert_status(read_header(BYTES("\x82\xa1"
									"a\x01\xa1"
									"a\x02"),
							  values),
				  EVW_BAD_HEADER);
	assert_status(read_header(BYTES("\x81\x01\x02"), values), EVW_MALFORMED);
	assert_status(read_header(BYTES("\x81\xc4\x01"
									"a\x02"),
							  values),
				  EVW_MALFORMED);
	assert_status(read_header(BYTES("\x81\xc0\x02"), values), EVW_MALFORMED);
	assert_status(read_header(BYTES("\x81\xa1"
									"a\xa1x"),
							  values),
				  EVW_MALFORMED);
	assert_status(read_header(BYTES("\x90"), values), EVW_MALFORMED);
}

static void
unknown_keys_are_skipped(void **state)
{
	uint64_t values[2];

	(void) state;
	assert_status(read_header(BYTES("\x84\xa1x\x92\x81\xa1"
									"a\x07\xc0\xa1"
									"b\x02\xa0\xc0\xa1"
									"a\x01"),
							  values),
				  EVW_OK);
	assert_true(values[0] == 1 && values[1] == 2);
	/* Unknown keys may even be doubled; nobody reads them. */
	assert_status(read_header(BYTES("\x82\xa1x\x01\xa1x\x02"), values), EVW_OK);
	assert_status(read_header(BYTES("\x80"), values), EVW_OK);
}

/* A column of n values of these lengths over "len" bytes. */
static EvwStatus
check(const uint32_t *lengths, uint32_t n, size_t len, uint32_t max)
{
	uint8_t bins[4 * 8];
	uint8_t bytes[64] = {0};
	EvwColumn column = {{bytes, len}, {bins, 4 * n}};

	for (uint32_t i = 0; i < n; i++)
		evw_put_le32(bins + 4 * i, lengths[i]);
	return evw_column_check(&column, max, EVW_VALUE_TOO_LONG);
}

static void
lengths_must_add_up(void **state)
{
	EvwColumn odd = {BYTES("ab"), BYTES("\2\0\0\0\0")};

	(void) state;
	assert_status(check((uint32_t[]){3, 4}, 2, 6, 100), EVW_BAD_COLUMNS);
	assert_status(check((uint32_t[]){3, 4}, 2, 8, 100), EVW_BAD_COLUMNS);
	assert_status(check(NULL, 0, 1, 100), EVW_BAD_COLUMNS);
	assert_status(evw_column_check(&odd, 100, EVW_VALUE_TOO_LONG), EVW_BAD_COLUMNS);
	/* Sums that wrap around in 32 bits. */
	assert_status(check((uint32_t[]){UINT32_MAX, 2}, 2, 1, UINT32_MAX), EVW_BAD_COLUMNS);
	assert_status(check((uint32_t[]){1u << 31, 1u << 31}, 2, 0, UINT32_MAX),
				  EVW_BAD_COLUMNS);
	assert_status(check((uint32_t[]){3, 4}, 2, 7, 100), EVW_OK);
	assert_status(check(NULL, 0, 0, 100), EVW_OK);
}

static void
values_at_the_limit(void **state)
{
	(void) state;
	assert_status(check((uint32_t[]){9, 10}, 2, 19, 10), EVW_OK);
	assert_status(check((uint32_t[]){9, 11}, 2, 20, 10), EVW_VALUE_TOO_LONG);
	assert_status(check((uint32_t[]){UINT32_MAX}, 1, 0, 10), EVW_VALUE_TOO_LONG);
}

/* Reads one value column from a message with these columns. */
static EvwStatus
read_column(EvwBytes columns, uint32_t n_columns, EvwColumn *column)
{
	EvwMessage message = {.n_columns = n_columns};

	evw_reader_init(&message.columns, columns);
	return evw_message_column(&message, column);
}

static void
columns_of_another_kind(void **state)
{
	EvwColumn column;

	(void) state;
	assert_status(read_column(BYTES("\xa1x\xc4\x00"), 2, &column), EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\xc4\x01x\xa4\1\0\0\0"), 2, &column),
				  EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\x91\xc0\xc4\x00"), 2, &column), EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\xc4\x00\x05"), 2, &column), EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\xc4\x01x\xc4\x03\1\0\0"), 2, &column),
				  EVW_BAD_COLUMNS);
}

static void
half_a_column(void **state)
{
	EvwColumn column;

	(void) state;
	assert_status(read_column(BYTES("\xc4\x00"), 1, &column), EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\xc4\x00\xc0"), 2, &column), EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\xc0\xc4\x00"), 2, &column), EVW_BAD_COLUMNS);
	assert_status(read_column(BYTES("\xc0\xc0"), 2, &column), EVW_OK);
	assert_null(column.bytes.data);
	assert_status(read_column(BYTES(""), 0, &column), EVW_OK);
	assert_null(column.bytes.data);
	assert_int_equal(evw_column_count(&column), 0);
	assert_status(read_column(BYTES("\xc4\x00\xc4\x00"), 2, &column), EVW_OK);
	assert_non_null(column.bytes.data);
}

static EvwStatus
read_values(uint32_t count)
{
	EvwBytes lengths = {calloc(count, 4), (size_t) count * 4};
	EvwColumn column;
	EvwStatus status;
	EvwBuf buf;

	help_buf_init(&buf);
	evw_write_bin(&buf, BYTES(""));
	evw_write_bin(&buf, lengths);
	status = read_column(help_buf_bytes(&buf), 2, &column);
	assert_int_equal(evw_column_count(&column), count);
	help_buf_free(&buf);
	help_release(lengths);
	return status;
}

static void
number_of_values_at_the_limit(void **state)
{
	(void) state;
	assert_status(read_values(EVW_VALUES_MAX), EVW_OK);
	assert_status(read_values(EVW_VALUES_MAX + 1), EVW_TOO_MANY_VALUES);
}

static void
values_come_out_in_order(void **state)
{
	EvwColumn column = {BYTES("onethree"), BYTES("\3\0\0\0\0\0\0\0\5\0\0\0")};
	EvwColumnCursor cursor;

	(void) state;
	assert_int_equal(evw_column_count(&column), 3);
	assert_status(evw_column_check(&column, 5, EVW_VALUE_TOO_LONG), EVW_OK);
	evw_column_open(&cursor, &column);
	assert_bytes_equal(evw_column_next(&cursor), BYTES("one"));
	assert_bytes_equal(evw_column_next(&cursor), BYTES(""));
	assert_bytes_equal(evw_column_next(&cursor), BYTES("three"));
}

/* Encoders make exactly the bytes that another MessagePack library made. */
static void
samples_are_the_golden_frames(void **state)
{
	json_t *vectors = help_vectors("frames.json");
	size_t samples = 0;

	(void) state;
	for (const WireSample *sample = wire_samples; sample->name != NULL; sample++)
	{
		EvwBytes golden = help_unhex(help_field(vectors, sample->name));
		EvwBuf buf;

		wire_sample_encode(sample->name, &buf);
		assert_bytes_equal(help_buf_bytes(&buf), golden);
		help_buf_free(&buf);
		help_release(golden);
		samples++;
	}
	assert_int_equal(samples, json_object_size(vectors));
	json_decref(vectors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_of_every_message),
		cmocka_unit_test(bytes_after_every_message),
		cmocka_unit_test(what_is_not_a_message),
		cmocka_unit_test(the_largest_numbers),
		cmocka_unit_test(headers_at_the_limit),
		cmocka_unit_test(header_keys_are_strings_and_come_once),
		cmocka_unit_test(unknown_keys_are_skipped),
		cmocka_unit_test(lengths_must_add_up),
		cmocka_unit_test(values_at_the_limit),
		cmocka_unit_test(columns_of_another_kind),
		cmocka_unit_test(half_a_column),
		cmocka_unit_test(number_of_values_at_the_limit),
		cmocka_unit_test(values_come_out_in_order),
		cmocka_unit_test(samples_are_the_golden_frames),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
