/*
 * unit/failing_pages_test.c
 *	  A large buffer of which little was used is given up: all of it is zero when it
 *	  serves again, even if the kernel does not drop what was not used.
 */
#include "wire_help.h"

#include <string.h>

#include "base/discard.h"
#include "base/pages.h"
#include "failing.h"

#define LEN ((size_t) 5 << 20)

typedef void (*GiveUp)(EvwBuf *buf);

/* Full of something, of which all but a byte is behind what counts as used. */
static void
make(EvwBuf *buf)
{
	e3_buf_init(buf);
	assert_true(e3_buf_grow(buf, LEN));
	memset(buf->data, 's', buf->cap);
	buf->len = 1;
}

static void
check_next(void)
{
	size_t len = LEN;
	uint8_t *at = e3_pages_reuse(&len);

	assert_non_null(at);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(at[i], 0);
	e3_pages_give(at, len);
}

static bool
is_cleared(void *context)
{
	const GiveUp *give_up = context;
	EvwBuf buf;

	failing_pause();
	make(&buf);
	failing_resume();
	(*give_up)(&buf);
	while (e3_discard_step())
		;
	failing_pause();
	check_next();
	failing_resume();
	return true;
}

static void
what_was_not_used_is_cleared(void **state)
{
	static const GiveUp ways[] = {e3_buf_release, e3_buf_discard};

	(void) state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
	{
		GiveUp way = ways[i];

		assert_true(failing_each(is_cleared, &way, "madvise") > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_used_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
