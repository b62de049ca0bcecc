/*
 * unit/writer_test.c
 *	  MessagePack written: each width at its bounds, and buffers that are full.
 */
#include "wire_help.h"

#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

static void
assert_written(EvwBuf *buf, EvwBytes shall)
{
	assert_bytes_equal(help_buf_bytes(buf), shall);
	help_buf_free(buf);
	help_buf_init(buf);
}

static void
a_full_buffer_fails_once(void **state)
{
	uint8_t memory[8];
	EvwBuf buf;

	(void) state;
	for (size_t cap = 0; cap < 6; cap++)
	{
		evw_buf_fixed(&buf, memory, cap);
		evw_write_bin(&buf, BYTES("1234"));
		assert_status(buf.status, EVW_NO_SPACE);
		evw_write_nil(&buf);
		assert_status(buf.status, EVW_NO_SPACE);
	}
	evw_buf_fixed(&buf, memory, 6);
	evw_write_bin(&buf, BYTES("1234"));
	assert_status(buf.status, EVW_OK);
}

/* "end" of a bin that never began must not write anywhere. */
static void
a_bin_that_did_not_fit_is_left_alone(void **state)
{
	uint8_t memory[8] = {0};
	EvwBuf buf;
	size_t mark;

	(void) state;
	evw_buf_fixed(&buf, memory, 4);
	mark = evw_write_bin_begin(&buf);
	evw_write_bin_end(&buf, mark);
	assert_status(buf.status, EVW_NO_SPACE);
	assert_memory_equal(memory, "\0\0\0\0\0\0\0\0", 8);
}

static void
integers_take_the_shortest_form(void **state)
{
	static const struct
	{
		uint64_t number;
		EvwBytes bytes;
	} cases[] = {
		{0, BYTES("\x00")},
		{127, BYTES("\x7f")},
		{128, BYTES("\xcc\x80")},
		{255, BYTES("\xcc\xff")},
		{256, BYTES("\xcd\x01\x00")},
		{65535, BYTES("\xcd\xff\xff")},
		{65536, BYTES("\xce\x00\x01\x00\x00")},
		{UINT32_MAX, BYTES("\xce\xff\xff\xff\xff")},
		{UINT64_C(1) << 32, BYTES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00")},
		{UINT64_MAX, BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")},
	};
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		evw_write_uint(&buf, cases[i].number);
		assert_written(&buf, cases[i].bytes);
	}
	help_buf_free(&buf);
}

static void
containers_and_constants(void **state)
{
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	evw_write_array(&buf, 15);
	evw_write_array(&buf, 16);
	evw_write_array(&buf, 65536);
	assert_written(&buf, BYTES("\x9f\xdc\x00\x10\xdd\x00\x01\x00\x00"));
	evw_write_map(&buf, 15);
	evw_write_map(&buf, 16);
	evw_write_map(&buf, 65536);
	assert_written(&buf, BYTES("\x8f\xde\x00\x10\xdf\x00\x01\x00\x00"));
	evw_write_bool(&buf, true);
	evw_write_bool(&buf, false);
	evw_write_nil(&buf);
	assert_written(&buf, BYTES("\xc3\xc2\xc0"));
	evw_write_str(&buf, "");
	evw_write_str(&buf, "id");
	assert_written(&buf, BYTES("\xa0\xa2id"));
	help_buf_free(&buf);
}

static void
assert_head(size_t len, bool str, EvwBytes head)
{
	EvwBuf buf;
	EvwBytes body = {calloc(len, 1), len};

	help_buf_init(&buf);
	if (str)
		evw_write_str_bytes(&buf, body);
	else
		evw_write_bin(&buf, body);
	assert_status(buf.status, EVW_OK);
	assert_int_equal(buf.len, head.len + len);
	assert_memory_equal(buf.data, head.data, head.len);
	help_buf_free(&buf);
	help_release(body);
}

static void
lengths_at_the_bounds_of_their_width(void **state)
{
	(void) state;
	assert_head(31, true, BYTES("\xbf"));
	assert_head(32, true, BYTES("\xd9\x20"));
	assert_head(255, true, BYTES("\xd9\xff"));
	assert_head(256, true, BYTES("\xda\x01\x00"));
	assert_head(65536, true, BYTES("\xdb\x00\x01\x00\x00"));
	assert_head(0, false, BYTES("\xc4\x00"));
	assert_head(255, false, BYTES("\xc4\xff"));
	assert_head(256, false, BYTES("\xc5\x01\x00"));
	assert_head(65535, false, BYTES("\xc5\xff\xff"));
	assert_head(65536, false, BYTES("\xc6\x00\x01\x00\x00"));
}

static void
a_bin_of_unknown_length(void **state)
{
	EvwBuf buf;
	size_t mark;

	(void) state;
	help_buf_init(&buf);
	evw_write_nil(&buf);
	mark = evw_write_bin_begin(&buf);
	evw_buf_append(&buf, "abc", 3);
	evw_write_bin_end(&buf, mark);
	assert_written(&buf, BYTES("\xc0\xc6\x00\x00\x00\x03"
							   "abc"));
	mark = evw_write_bin_begin(&buf);
	evw_write_bin_end(&buf, mark);
	assert_written(&buf, BYTES("\xc6\x00\x00\x00\x00"));
	help_buf_free(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_buffer_fails_once),
		cmocka_unit_test(a_bin_that_did_not_fit_is_left_alone),
		cmocka_unit_test(integers_take_the_shortest_form),
		cmocka_unit_test(containers_and_constants),
		cmocka_unit_test(lengths_at_the_bounds_of_their_width),
		cmocka_unit_test(a_bin_of_unknown_length),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
