/*
 * unit/frame_test.c
 *	  Frames: lengths at the limit, bytes in any pieces, memory that follows
 *	  the bytes that came.
 */
#include "wire_help.h"

#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

/* Feeds "frame" in pieces of at most "piece" bytes until it is complete. */
static EvwStatus
feed(EvwFrameReader *reader, EvwBytes frame, size_t piece, size_t *used)
{
	*used = 0;
	for (;;)
	{
		uint8_t *at;
		size_t len;
		EvwStatus status = evw_frame_want(reader, &at, &len);

		if (status == EVW_OK)
			assert_int_equal(evw_frame_complete(reader), len == 0);
		if (status != EVW_OK || len == 0 || *used == frame.len)
			return status;
		if (len > piece)
			len = piece;
		if (len > frame.len - *used)
			len = frame.len - *used;
		memcpy(at, frame.data + *used, len);
		*used += len;
		status = evw_frame_came(reader, len);
		if (status != EVW_OK)
			return status;
	}
}

static EvwStatus
feed_length(uint32_t length, uint32_t max)
{
	EvwFrameReader reader;
	EvwBuf body;
	uint8_t prefix[4];
	size_t used;
	EvwStatus status;

	evw_put_be32(prefix, length);
	help_buf_init(&body);
	evw_frame_start(&reader, &body, max);
	status = feed(&reader, (EvwBytes){prefix, 4}, 4, &used);
	/* No more than the first room has been taken for a length that was said. */
	assert_true(body.cap <= 128u << 10);
	help_buf_free(&body);
	return status;
}

static void
lengths_are_checked_with_the_prefix(void **state)
{
	(void) state;
	assert_status(feed_length(0, EVW_FRAME_MAX), EVW_FRAME_EMPTY);
	assert_status(feed_length(1, EVW_FRAME_MAX), EVW_OK);
	assert_status(feed_length(EVW_FRAME_MAX, EVW_FRAME_MAX), EVW_OK);
	assert_status(feed_length(EVW_FRAME_MAX + 1, EVW_FRAME_MAX), EVW_FRAME_TOO_LONG);
	assert_status(feed_length(UINT32_C(1) << 31, EVW_FRAME_MAX), EVW_FRAME_TOO_LONG);
	assert_status(feed_length(UINT32_MAX, EVW_FRAME_MAX), EVW_FRAME_TOO_LONG);
	assert_status(feed_length(16, 16), EVW_OK);
	assert_status(feed_length(17, 16), EVW_FRAME_TOO_LONG);
}

/* What other protocols begin with reads as a length over the limit. */
static void
other_protocols_are_refused(void **state)
{
	static const char *const greetings[] = {"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\x00",
											"SSH-2.0-x\r\n", "\xff\xff\xff\xff"};

	(void) state;
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
		assert_status(feed_length(evw_get_be32((const uint8_t *) greetings[i]),
								  EVW_FRAME_MAX),
					  EVW_FRAME_TOO_LONG);
}

static void
a_fixed_body_that_is_too_small(void **state)
{
	EvwFrameReader reader;
	uint8_t memory[3];
	EvwBuf body;
	size_t used;

	(void) state;
	evw_buf_fixed(&body, memory, sizeof(memory));
	evw_frame_start(&reader, &body, 16);
	assert_status(feed(&reader, BYTES("\0\0\0\4abcd"), 8, &used), EVW_NO_SPACE);
	assert_int_equal(used, 7);

	evw_buf_fixed(&body, memory, sizeof(memory));
	evw_frame_start(&reader, &body, 16);
	assert_status(feed(&reader, BYTES("\0\0\0\3abc"), 8, &used), EVW_OK);
	assert_bytes_equal(help_buf_bytes(&body), BYTES("abc"));
}

static bool
never(EvwBuf *buf, size_t cap)
{
	(void) buf;
	(void) cap;
	return false;
}

static void
memory_that_is_not_there(void **state)
{
	EvwFrameReader reader;
	EvwBuf body;
	size_t used;

	(void) state;
	evw_buf_growing(&body, never, NULL);
	evw_frame_start(&reader, &body, 16);
	assert_status(feed(&reader, BYTES("\0\0\0\4abcd"), 8, &used), EVW_OUT_OF_MEMORY);
}

static void
assert_arrives(EvwBytes frame, size_t piece)
{
	EvwFrameReader reader;
	EvwBuf body;
	size_t used;

	help_buf_init(&body);
	evw_frame_start(&reader, &body, EVW_FRAME_MAX);
	assert_false(evw_frame_begun(&reader));
	assert_status(feed(&reader, frame, piece, &used), EVW_OK);
	assert_true(evw_frame_begun(&reader));
	assert_int_equal(used, frame.len);
	assert_bytes_equal(help_buf_bytes(&body), (EvwBytes){frame.data + 4, frame.len - 4});
	help_buf_free(&body);
}

/* Cut in two at every byte. */
static void
assert_arrives_in_two(EvwBytes frame)
{
	for (size_t cut = 0; cut < frame.len; cut++)
	{
		EvwFrameReader reader;
		EvwBuf body;
		size_t used;

		help_buf_init(&body);
		evw_frame_start(&reader, &body, EVW_FRAME_MAX);
		assert_status(feed(&reader, (EvwBytes){frame.data, cut}, cut, &used), EVW_OK);
		assert_int_equal(used, cut);
		assert_int_equal(evw_frame_begun(&reader), cut > 0);
		assert_status(feed(&reader, (EvwBytes){frame.data + cut, frame.len - cut},
						   frame.len, &used),
					  EVW_OK);
		assert_bytes_equal(help_buf_bytes(&body),
						   (EvwBytes){frame.data + 4, frame.len - 4});
		help_buf_free(&body);
	}
}

static void
frames_arrive_in_any_pieces(void **state)
{
	(void) state;
	for (const WireSample *sample = wire_samples; sample->name != NULL; sample++)
	{
		EvwBuf buf;

		wire_sample_encode(sample->name, &buf);
		for (size_t piece = 1; piece <= buf.len; piece++)
			assert_arrives(help_buf_bytes(&buf), piece);
		assert_arrives_in_two(help_buf_bytes(&buf));
		help_buf_free(&buf);
	}
}

/* Two frames in one segment: the reader takes none of the second. */
static void
the_next_frame_is_left_alone(void **state)
{
	EvwBytes both = BYTES("\0\0\0\2ab\0\0\0\1c");
	EvwFrameReader reader;
	EvwBuf body;
	size_t used;

	(void) state;
	help_buf_init(&body);
	evw_frame_start(&reader, &body, 16);
	assert_status(feed(&reader, both, both.len, &used), EVW_OK);
	assert_int_equal(used, 6);
	assert_bytes_equal(help_buf_bytes(&body), BYTES("ab"));
	body.len = 0;
	evw_frame_start(&reader, &body, 16);
	both = (EvwBytes){both.data + used, both.len - used};
	assert_status(feed(&reader, both, both.len, &used), EVW_OK);
	assert_bytes_equal(help_buf_bytes(&body), BYTES("c"));
	help_buf_free(&body);
}

/* A long frame: room stays within twice what came, plus the first room. */
static void
memory_follows_the_bytes(void **state)
{
	const uint32_t length = 3u << 20;
	EvwFrameReader reader;
	EvwBuf body;
	uint8_t prefix[4];
	size_t used;

	(void) state;
	evw_put_be32(prefix, length);
	help_buf_init(&body);
	evw_frame_start(&reader, &body, EVW_FRAME_MAX);
	assert_status(feed(&reader, (EvwBytes){prefix, 4}, 4, &used), EVW_OK);
	for (;;)
	{
		uint8_t *at;
		size_t len;

		assert_status(evw_frame_want(&reader, &at, &len), EVW_OK);
		if (len == 0)
			break;
		assert_true(body.cap <= 2 * body.len + (64u << 10));
		if (len > 5000)
			len = 5000;
		memset(at, 'x', len);
		assert_status(evw_frame_came(&reader, len), EVW_OK);
	}
	assert_int_equal(body.len, length);
	help_buf_free(&body);
}

static void
write_frame_of(size_t body_len, EvwStatus shall)
{
	EvwBuf buf;

	help_buf_init(&buf);
	evw_frame_begin(&buf);
	assert_non_null(evw_buf_extend(&buf, body_len));
	evw_frame_end(&buf);
	assert_status(buf.status, shall);
	if (shall == EVW_OK)
		assert_int_equal(evw_get_be32(buf.data), body_len);
	help_buf_free(&buf);
}

static void
no_frame_is_written_above_the_limit(void **state)
{
	(void) state;
	write_frame_of(1, EVW_OK);
	write_frame_of(EVW_FRAME_MAX, EVW_OK);
	write_frame_of((size_t) EVW_FRAME_MAX + 1, EVW_FRAME_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_checked_with_the_prefix),
		cmocka_unit_test(other_protocols_are_refused),
		cmocka_unit_test(a_fixed_body_that_is_too_small),
		cmocka_unit_test(memory_that_is_not_there),
		cmocka_unit_test(frames_arrive_in_any_pieces),
		cmocka_unit_test(the_next_frame_is_left_alone),
		cmocka_unit_test(memory_follows_the_bytes),
		cmocka_unit_test(no_frame_is_written_above_the_limit),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
