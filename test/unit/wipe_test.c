/*
 * unit/wipe_test.c
 *	  Buffers leave nothing behind when they grow, and when they are given up.
 */
#include "e3_help.h"
#include "memory_help.h"

#include <string.h>

#include "base/secret.h"
#include "crypto/random.h"

#define SMALL 1000
#define BIG (512 << 10)
#define SECRET 32

static void
fill(EvwBuf *buf, size_t len)
{
	uint8_t *at = evw_buf_extend(buf, len);

	assert_non_null(at);
	memset(at, 7, len);
}

/* Random bytes, not where an allocator keeps what it says of free memory. */
static void
plant(EvwBuf *buf, size_t len, uint8_t inverted[SECRET])
{
	fill(buf, len);
	assert_status(e3_random(buf->data + len / 2, SECRET), EVW_OK);
	for (size_t i = 0; i < SECRET; i++)
		inverted[i] = buf->data[len / 2 + i] ^ 0xff;
	assert_true(help_memory_has(inverted, SECRET));
}

static void
what_is_given_up_is_wiped(void **state)
{
	static const size_t sizes[] = {SMALL, BIG, 4 * BIG};

	(void) state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		uint8_t inverted[SECRET];
		EvwBuf buf;

		e3_buf_init(&buf);
		plant(&buf, sizes[i], inverted);
		e3_buf_release(&buf);
		assert_false(help_memory_has(inverted, SECRET));
	}
}

/* The one place where the bytes are is wiped by hand: then they are nowhere. */
static void
what_grows_leaves_nothing_behind(void **state)
{
	static const size_t sizes[][2] = {{SMALL, SMALL}, {SMALL, BIG}, {BIG, 3 * BIG}};

	(void) state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
	{
		uint8_t inverted[SECRET];
		EvwBuf buf;

		e3_buf_init(&buf);
		plant(&buf, sizes[i][0], inverted);
		fill(&buf, sizes[i][1]);
		assert_true(help_memory_has(inverted, SECRET));
		e3_wipe(buf.data + sizes[i][0] / 2, SECRET);
		assert_false(help_memory_has(inverted, SECRET));
		e3_buf_release(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_up_is_wiped),
		cmocka_unit_test(what_grows_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
