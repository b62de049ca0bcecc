/*
 * unit/buf_test.c
 *	  The append-only buffer: limits, growth, sticky failure.
 */
#include "wire_help.h"

#include <stdlib.h>
#include <string.h>

static bool
refuse(EvwBuf *buf, size_t cap)
{
	size_t *asked = buf->owner;

	*asked = cap;
	return false;
}

static void
a_fixed_buffer_ends_at_its_size(void **state)
{
	uint8_t memory[9] = {0};
	EvwBuf buf;

	(void) state;
	evw_buf_fixed(&buf, memory, 8);
	evw_buf_append(&buf, "12345678", 8);
	assert_status(buf.status, EVW_OK);
	evw_buf_append(&buf, "9", 1);
	assert_status(buf.status, EVW_NO_SPACE);
	assert_int_equal(buf.len, 8);
	assert_memory_equal(memory, "12345678\0", 9);
}

static void
the_first_failure_sticks(void **state)
{
	uint8_t memory[4];
	EvwBuf buf;

	(void) state;
	evw_buf_fixed(&buf, memory, sizeof(memory));
	assert_null(evw_buf_extend(&buf, 5));
	assert_null(evw_buf_extend(&buf, 1));
	evw_buf_append(&buf, "1", 1);
	assert_status(buf.status, EVW_NO_SPACE);
	assert_int_equal(buf.len, 0);
}

static void
a_size_that_overflows_is_refused(void **state)
{
	size_t asked = 0;
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	evw_buf_append(&buf, "1", 1);
	assert_null(evw_buf_extend(&buf, SIZE_MAX));
	assert_status(buf.status, EVW_NO_SPACE);
	help_buf_free(&buf);

	evw_buf_growing(&buf, refuse, &asked);
	assert_null(evw_buf_extend(&buf, SIZE_MAX - 1));
	assert_status(buf.status, EVW_OUT_OF_MEMORY);
	assert_true(asked >= SIZE_MAX - 1);
}

static void
growth_that_fails_leaves_the_bytes(void **state)
{
	size_t asked = 0;
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	evw_buf_append(&buf, "kept", 4);
	buf.grow = refuse;
	buf.owner = &asked;
	assert_null(evw_buf_extend(&buf, buf.cap));
	assert_status(buf.status, EVW_OUT_OF_MEMORY);
	assert_memory_equal(buf.data, "kept", 4);
	assert_int_equal(buf.len, 4);
	help_buf_free(&buf);
}

static void
no_bytes_have_a_place_too(void **state)
{
	EvwBuf buf;

	(void) state;
	help_buf_init(&buf);
	assert_non_null(evw_buf_extend(&buf, 0));
	evw_buf_append(&buf, NULL, 0);
	assert_status(buf.status, EVW_OK);
	assert_int_equal(buf.len, 0);
	help_buf_free(&buf);
}

/* 100,000 appends of one byte cost a handful of growths. */
static void
growth_doubles(void **state)
{
	EvwBuf buf;
	size_t cap = 0;
	int growths = 0;

	(void) state;
	help_buf_init(&buf);
	for (int i = 0; i < 100000; i++)
	{
		uint8_t byte = (uint8_t) i;

		evw_buf_append(&buf, &byte, 1);
		growths += buf.cap != cap;
		cap = buf.cap;
	}
	assert_status(buf.status, EVW_OK);
	assert_int_equal(buf.len, 100000);
	assert_int_equal(buf.data[99999], (uint8_t) 99999);
	assert_in_range(growths, 1, 10);
	assert_in_range(buf.cap, 100000, 200000);
	help_buf_free(&buf);
}

static void
integers_have_their_byte_order(void **state)
{
	uint8_t at[9] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};

	(void) state;
	assert_int_equal(evw_get_le32(at + 1), 0x04030201);
	assert_int_equal(evw_get_be32(at + 1), 0x01020304);
	assert_true(evw_get_be64(at + 1) == UINT64_C(0x0102030405060708));
	evw_put_le32(at + 1, 0xfffefdfc);
	assert_memory_equal(at, "\xff\xfc\xfd\xfe\xff\5", 6);
	evw_put_be32(at + 1, 0xfffefdfc);
	assert_memory_equal(at, "\xff\xff\xfe\xfd\xfc\5", 6);
}

static void
names_are_compared_whole(void **state)
{
	(void) state;
	assert_true(evw_bytes_equal(BYTES("app"), "app"));
	assert_false(evw_bytes_equal(BYTES("app"), "ap"));
	assert_false(evw_bytes_equal(BYTES("app"), "apps"));
	assert_false(evw_bytes_equal(BYTES("app\0"), "app"));
	assert_false(evw_bytes_equal(BYTES("App"), "app"));
	assert_false(evw_bytes_equal(BYTES(""), "app"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_buffer_ends_at_its_size),
		cmocka_unit_test(the_first_failure_sticks),
		cmocka_unit_test(a_size_that_overflows_is_refused),
		cmocka_unit_test(growth_that_fails_leaves_the_bytes),
		cmocka_unit_test(no_bytes_have_a_place_too),
		cmocka_unit_test(growth_doubles),
		cmocka_unit_test(integers_have_their_byte_order),
		cmocka_unit_test(names_are_compared_whole),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
