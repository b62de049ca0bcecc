/*
 * unit/pages_test.c
 *	  Mappings that are given back are kept for the next, within bounds.
 */
#include "wire_help.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/pages.h"
#include "base/secret.h"

#define MB ((size_t) 1 << 20)

/* Is there any mapping at this page? */
static bool
is_mapped(void *at)
{
	unsigned char resident;

	return mincore(at, 1, &resident) == 0;
}

static bool
is_zero(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != 0)
			return false;
	return true;
}

static void
what_was_given_back_is_taken_again(void **state)
{
	size_t len = MB + 1;
	size_t again = MB / 2 + 1;
	size_t small = MB / 2;
	uint8_t *at = e3_pages_take(&len);
	void *other;

	(void) state;
	assert_non_null(at);
	assert_int_equal(len, MB + (size_t) sysconf(_SC_PAGESIZE));
	assert_true(is_zero(at, len));
	memset(at, 'x', len);
	memset(at, 0, len);
	e3_pages_give(at, len);
	assert_true(is_mapped(at));
	/* It is too long for this one. */
	other = e3_pages_take(&small);
	assert_ptr_not_equal(other, at);
	assert_int_equal(small, MB / 2);
	assert_ptr_equal(e3_pages_take(&again), at);
	assert_int_equal(again, len);
	/* There is no other now, and none is made. */
	again = MB;
	assert_null(e3_pages_reuse(&again));
	assert_int_equal(again, MB);
	e3_pages_give(at, len);
	assert_ptr_equal(e3_pages_reuse(&again), at);
	assert_int_equal(again, len);
	e3_pages_give(at, len);
	e3_pages_give(other, small);
	/* Too short for what is longer, and for nobody else while it is in use. */
	again = 2 * MB;
	other = e3_pages_take(&again);
	assert_ptr_not_equal(other, at);
	e3_pages_give(other, again);
}

static void
an_empty_buffer_takes_what_was_given_back(void **state)
{
	const size_t size = 7 * MB;
	const uint8_t *given_back;
	EvwBuf buf;

	(void) state;
	e3_buf_init(&buf);
	e3_buf_reuse(&buf, size);
	assert_int_equal(buf.cap, 0);
	assert_true(e3_buf_grow(&buf, size));
	given_back = buf.data;
	e3_buf_release(&buf);
	/* Not for what is short. */
	e3_buf_reuse(&buf, MB / 64);
	assert_int_equal(buf.cap, 0);
	e3_buf_reuse(&buf, size - 1);
	assert_ptr_equal(buf.data, given_back);
	assert_int_equal(buf.cap, size);
	assert_int_equal(buf.len, 0);
	/* And not when there is something in it. */
	evw_buf_append(&buf, "bytes", 5);
	e3_buf_reuse(&buf, size);
	assert_ptr_equal(buf.data, given_back);
	assert_memory_equal(buf.data, "bytes", 5);
	e3_buf_release(&buf);
}

static void
no_more_is_kept_than_is_said(void **state)
{
	enum
	{
		COUNT = 64
	};
	size_t one = E3_PAGES_KEPT_ONE + 1;
	void *large = e3_pages_take(&one);
	void *many[COUNT];
	size_t lens[COUNT];
	size_t kept = 0;

	(void) state;
	e3_pages_give(large, one);
	assert_false(is_mapped(large));
	for (int i = 0; i < COUNT; i++)
	{
		lens[i] = 3 * MB;
		many[i] = e3_pages_take(&lens[i]);
		assert_non_null(many[i]);
	}
	for (int i = 0; i < COUNT; i++)
		e3_pages_give(many[i], lens[i]);
	for (int i = 0; i < COUNT; i++)
		kept += is_mapped(many[i]) ? lens[i] : 0;
	assert_in_range(kept, E3_PAGES_KEPT / 2, E3_PAGES_KEPT);
}

/* Or a burst of one length would leave no room for any other. */
static void
what_was_given_back_first_gives_way(void **state)
{
	enum
	{
		COUNT = 64
	};
	size_t large = 4 * MB;
	void *at = e3_pages_take(&large);
	void *many[COUNT];
	size_t lens[COUNT];

	(void) state;
	for (int i = 0; i < COUNT; i++)
	{
		lens[i] = MB / 4;
		many[i] = e3_pages_take(&lens[i]);
	}
	for (int i = 0; i < COUNT; i++)
		e3_pages_give(many[i], lens[i]);
	e3_pages_give(at, large);
	assert_false(is_mapped(many[0]));
	assert_true(is_mapped(many[COUNT - 1]));
	assert_ptr_equal(e3_pages_reuse(&large), at);
	e3_pages_give(at, large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_given_back_is_taken_again),
		cmocka_unit_test(an_empty_buffer_takes_what_was_given_back),
		cmocka_unit_test(no_more_is_kept_than_is_said),
		cmocka_unit_test(what_was_given_back_first_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
