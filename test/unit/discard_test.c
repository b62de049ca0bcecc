/*
 * unit/discard_test.c
 *	  Large buffers left to another thread are wiped, and do not pile up.
 */
#include "wire_help.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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
	size_t before = 5 * MB;
	int steps = 0;

	(void) state;
	assert_false(e3_discard_waits());
	assert_false(e3_discard_step());
	make(&buf, 5 * MB);
	at = buf.data;
	e3_buf_discard(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
	assert_true(e3_discard_waits());
	assert_int_equal(left(at, 5 * MB), 5 * MB);
	while (e3_discard_waits())
	{
		assert_true(e3_discard_step());
		assert_true(left(at, 5 * MB) < before);
		before = left(at, 5 * MB);
		steps++;
	}
	assert_int_equal(before, 0);
	assert_true(steps > 1);
	assert_false(e3_discard_step());
	make(&again, 5 * MB);
	assert_ptr_equal(again.data, at);
	e3_buf_release(&again);
}

/* How many bytes have pages. */
static size_t
resident(void *at, size_t len)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	unsigned char *pages = malloc(len / page);
	size_t n = 0;

	assert_non_null(pages);
	assert_int_equal(mincore(at, len, pages), 0);
	for (size_t i = 0; i < len / page; i++)
		n += (pages[i] & 1) != 0;
	free(pages);
	return n * page;
}

/* A reply that was given up early, in memory that another one has filled before. */
static void
what_was_not_used_is_dropped_step_by_step(void **state)
{
	const size_t len = 5 * MB;
	const size_t used = MB + 1;
	EvwBuf buf;
	uint8_t *at;
	size_t before = len;

	(void) state;
	make(&buf, len);
	at = buf.data;
	buf.len = used;
	e3_buf_discard(&buf);
	assert_int_equal(resident(at, len), len);
	assert_int_equal(left(at, len), len);
	while (resident(at, len) > 2 * MB)
	{
		assert_true(e3_discard_step());
		assert_true(resident(at, len) < before);
		before = resident(at, len);
	}
	while (e3_discard_step())
		;
	assert_int_equal(left(at, used), 0);
	assert_true(resident(at, len) < 2 * MB);
	assert_int_equal(left(at, len), 0);
}

/* Nothing was ever written: it takes fewer steps than there are pieces of 256 KiB. */
static void
what_has_no_pages_is_dropped_in_no_time(void **state)
{
	const size_t len = 64 * MB;
	EvwBuf buf;
	size_t steps = 0;

	(void) state;
	e3_buf_init(&buf);
	assert_true(e3_buf_grow(&buf, len));
	e3_buf_discard(&buf);
	while (e3_discard_step())
		steps++;
	assert_in_range(steps, 1, len / (256 << 10) / 2);
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
		cmocka_unit_test(what_was_not_used_is_dropped_step_by_step),
		cmocka_unit_test(what_has_no_pages_is_dropped_in_no_time),
		cmocka_unit_test(a_short_one_is_wiped_at_once),
		cmocka_unit_test(no_more_wait_than_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
