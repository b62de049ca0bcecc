/*
 * unit/discard_test.c
 *	  Large buffers left to another thread are wiped, and do not pile up.
 */
#include "wire_help.h"

#include <string.h>

#include "base/discard.h"

#define MB ((size_t) 1 << 20)

static void
make(EvwBuf *buf, size_t len)
{
	e3_buf_init(buf);
	assert_true(e3_buf_grow(buf, len));
	memset(buf->data, 's', len);
	buf->len = len;
}

static size_t
left(const uint8_t *at, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += at[i] != 0;
	return n;
}

/* Mappings are kept for the next, so what is in them can be looked at. */
static void
it_is_wiped_step_by_step(void **state)
{
	EvwBuf buf;
	EvwBuf again;
	uint8_t *at;
	size_t before = 3 * MB;
	int steps = 0;

	(void) state;
	assert_false(e3_discard_waits());
	assert_false(e3_discard_step());
	make(&buf, 3 * MB);
	at = buf.data;
	e3_buf_discard(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
	assert_true(e3_discard_waits());
	assert_int_equal(left(at, 3 * MB), 3 * MB);
	while (e3_discard_waits())
	{
		assert_true(e3_discard_step());
		assert_true(left(at, 3 * MB) < before);
		before = left(at, 3 * MB);
		steps++;
	}
	assert_int_equal(before, 0);
	assert_true(steps > 1);
	assert_false(e3_discard_step());
	make(&again, 3 * MB);
	assert_ptr_equal(again.data, at);
	e3_buf_release(&again);
}

static void
a_short_one_is_wiped_at_once(void **state)
{
	EvwBuf buf;

	(void) state;
	make(&buf, 1000);
	e3_buf_discard(&buf);
	assert_false(e3_discard_waits());
	make(&buf, E3_DISCARD_MIN);
	e3_buf_discard(&buf);
	assert_true(e3_discard_waits());
	while (e3_discard_step())
		;
	/* And one that never was anything. */
	e3_buf_init(&buf);
	e3_buf_discard(&buf);
	assert_false(e3_discard_waits());
}

/* Steps of half a MiB that it takes to wipe what waits of so many. */
static size_t
steps_for(size_t count, size_t len)
{
	EvwBuf buf;
	size_t steps = 0;

	for (size_t i = 0; i < count; i++)
	{
		make(&buf, len);
		e3_buf_discard(&buf);
		assert_null(buf.data);
	}
	while (e3_discard_step())
		steps++;
	return steps;
}

static void
no_more_wait_than_is_said(void **state)
{
	(void) state;
	assert_int_equal(steps_for(3, 2 * MB), 3 * 4);
	assert_int_equal(steps_for(E3_DISCARD_COUNT, 2 * MB), E3_DISCARD_COUNT * 4);
	assert_int_equal(steps_for(E3_DISCARD_COUNT + 1, 2 * MB), E3_DISCARD_COUNT * 4);
	assert_int_equal(steps_for(E3_DISCARD_BYTES / (32 * MB), 32 * MB),
					 E3_DISCARD_BYTES / MB * 2);
	assert_int_equal(steps_for(E3_DISCARD_BYTES / (32 * MB) + 1, 32 * MB),
					 E3_DISCARD_BYTES / MB * 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_wiped_step_by_step),
		cmocka_unit_test(a_short_one_is_wiped_at_once),
		cmocka_unit_test(no_more_wait_than_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
