/*
 * unit/reader_test.c
 *	  The bounded walk: lying headers, depth, every format, and msgpack-c.
 */
#include "wire_help.h"

#include "msgpack_compare.h"
#include "wire/limits.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

/* Status of a walk over all of "bytes". */
static EvwStatus
walk(EvwBytes bytes)
{
	EvwBytes exact = help_exact(bytes);
	EvwReader reader;
	EvwStatus status;

	evw_reader_init(&reader, exact);
	evw_read_skip(&reader, EVW_DEPTH_MAX);
	status = evw_reader_finish(&reader);
	help_release(exact);
	return status;
}

static void
counts_that_the_bytes_do_not_back(void **state)
{
	static const EvwBytes lies[] = {
		BYTES("\x91"),
		BYTES("\x9f\xc0"),
		BYTES("\xdc\xff\xff\xc0"),
		BYTES("\xdd\xff\x00\x00\x00"),
		BYTES("\xdd\xff\xff\xff\xff"),
		BYTES("\xdd\x80\x00\x00\x00\xc0"),
		BYTES("\x81\xc0"),
		BYTES("\xde\xff\xff\xc0\xc0"),
		BYTES("\xdf\xff\xff\xff\xff"),
		BYTES("\xdf\x80\x00\x00\x00"),
		BYTES("\xdf\x80\x00\x00\x01\xc0\xc0"),
	};

	(void) state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_status(walk(lies[i]), EVW_TRUNCATED);
}

/* The same when an array or map is read element by element. */
static void
counts_that_are_read_alone(void **state)
{
	EvwReader reader;

	(void) state;
	evw_reader_init(&reader, BYTES("\x92\xc0"));
	assert_int_equal(evw_read_array(&reader), 0);
	assert_status(reader.status, EVW_TRUNCATED);
	evw_reader_init(&reader, BYTES("\x92\xc0\xc0"));
	assert_int_equal(evw_read_array(&reader), 2);
	evw_reader_init(&reader, BYTES("\x82\xc0\xc0\xc0"));
	assert_int_equal(evw_read_map(&reader), 0);
	assert_status(reader.status, EVW_TRUNCATED);
	evw_reader_init(&reader, BYTES("\x82\xc0\xc0\xc0\xc0"));
	assert_int_equal(evw_read_map(&reader), 2);
	evw_reader_init(&reader, BYTES("\xdf\xff\xff\xff\xff\xc0"));
	assert_int_equal(evw_read_map(&reader), 0);
	assert_status(reader.status, EVW_TRUNCATED);
}

static void
lengths_that_the_bytes_do_not_back(void **state)
{
	static const EvwBytes lies[] = {
		BYTES("\xa2x"),
		BYTES("\xd9\x02x"),
		BYTES("\xda\xff\xffx"),
		BYTES("\xdb\xff\xff\xff\xffx"),
		BYTES("\xc4\x02x"),
		BYTES("\xc5\xff\xffx"),
		BYTES("\xc6\xff\xff\xff\xffx"),
		BYTES("\xc7\xff\x01x"),
		BYTES("\xc8\xff\xff\x01x"),
		BYTES("\xc9\xff\xff\xff\xff\x01x"),
		BYTES("\xd8\x01x"),
		BYTES("\xca\x00\x00\x00"),
		BYTES("\xcb\x00\x00\x00\x00\x00\x00\x00"),
	};

	(void) state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		assert_status(walk(lies[i]), EVW_TRUNCATED);
}

static void
chains_of_lying_arrays(void **state)
{
	uint8_t chain[3 * 4096];

	(void) state;
	for (size_t i = 0; i < sizeof(chain); i += 3)
		memcpy(chain + i, "\xdc\x0f\xff", 3);
	assert_status(walk((EvwBytes){chain, sizeof(chain)}), EVW_TOO_DEEP);
	for (size_t i = 0; i < sizeof(chain); i += 3)
		memcpy(chain + i, "\xdc\xff\xff", 3);
	assert_status(walk((EvwBytes){chain, sizeof(chain)}), EVW_TRUNCATED);
}

static EvwStatus
walk_nested(size_t depth, uint8_t opener)
{
	uint8_t nested[10001];

	memset(nested, opener, depth);
	nested[depth] = 0xc0;
	return walk((EvwBytes){nested, depth + 1});
}

static void
depth_at_the_limit(void **state)
{
	(void) state;
	assert_status(walk_nested(EVW_DEPTH_MAX, 0x91), EVW_OK);
	assert_status(walk_nested(EVW_DEPTH_MAX + 1, 0x91), EVW_TOO_DEEP);
	assert_status(walk_nested(10000, 0x91), EVW_TOO_DEEP);
	assert_status(walk_nested(10000, 0x81), EVW_TOO_DEEP);
	/* An empty container is one all the same. */
	assert_status(walk(BYTES("\x91\x91\x91\x91\x91\x91\x91\x91"
							 "\x91\x91\x91\x91\x91\x91\x91\x90")),
				  EVW_OK);
	assert_status(walk(BYTES("\x91\x91\x91\x91\x91\x91\x91\x91"
							 "\x91\x91\x91\x91\x91\x91\x91\x91\x80")),
				  EVW_TOO_DEEP);
}

/* A depth smaller than the limit, and one that is above it. */
static void
depth_that_a_caller_gives(void **state)
{
	static const struct
	{
		const char *bytes;
		int depth;
		EvwStatus status;
	} cases[] = {
		{"\x01", 0, EVW_OK},
		{"\x91\x01", 0, EVW_TOO_DEEP},
		{"\x91\x01", 1, EVW_OK},
		{"\x91\x91\x01", 1, EVW_TOO_DEEP},
		{"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01", 99,
		 EVW_TOO_DEEP},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		EvwReader reader;

		evw_reader_init(&reader, (EvwBytes){(const uint8_t *) cases[i].bytes,
											strlen(cases[i].bytes)});
		evw_read_skip(&reader, cases[i].depth);
		assert_status(reader.status, cases[i].status);
	}
}

/* An array and n - 1 empty maps in it. */
static EvwStatus
walk_objects(uint32_t n)
{
	EvwBuf buf;
	EvwStatus status;

	help_buf_init(&buf);
	evw_write_array(&buf, n - 1);
	for (uint32_t i = 1; i < n; i++)
		evw_write_map(&buf, 0);
	status = walk(help_buf_bytes(&buf));
	help_buf_free(&buf);
	return status;
}

static void
objects_at_the_limit(void **state)
{
	(void) state;
	assert_status(walk_objects(EVW_OBJECTS_MAX), EVW_OK);
	assert_status(walk_objects(EVW_OBJECTS_MAX + 1), EVW_TOO_MANY_OBJECTS);
	assert_status(walk_objects(1000000), EVW_TOO_MANY_OBJECTS);
}

static void
a_reserved_byte_is_malformed(void **state)
{
	(void) state;
	assert_status(walk(BYTES("\xc1")), EVW_MALFORMED);
	assert_status(walk(BYTES("\x91\xc1")), EVW_MALFORMED);
	assert_status(walk(BYTES("\x81\xa1x\xc1")), EVW_MALFORMED);
	assert_status(walk(BYTES("")), EVW_TRUNCATED);
	assert_status(walk(BYTES("\xc0\xc0")), EVW_TRAILING_BYTES);
	assert_status(walk(BYTES("\x90\x90")), EVW_TRAILING_BYTES);
}

/* Each reader refuses every other kind. */
static void
kinds_are_not_mixed_up(void **state)
{
	static const EvwBytes kinds[] = {
		BYTES("\xc0"),			BYTES("\xc3"),		BYTES("\x05"),
		BYTES("\xff"),			BYTES("\xd0\x80"),	BYTES("\xca\x3f\x80\x00\x00"),
		BYTES("\xa1x"),			BYTES("\xc4\x01x"), BYTES("\x91\xc0"),
		BYTES("\x81\xa1x\xc0"), BYTES("\xd4\x01x"), BYTES("\xc1"),
	};
	static const EvwKind shall[] = {
		EVW_KIND_NIL,	EVW_KIND_BOOL,	EVW_KIND_UINT, EVW_KIND_INT,
		EVW_KIND_INT,	EVW_KIND_FLOAT, EVW_KIND_STR,  EVW_KIND_BIN,
		EVW_KIND_ARRAY, EVW_KIND_MAP,	EVW_KIND_EXT,  EVW_KIND_NONE,
	};

	(void) state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		EvwReader reader[6];

		for (int r = 0; r < 6; r++)
			evw_reader_init(&reader[r], kinds[i]);
		assert_int_equal(evw_reader_peek(&reader[0]), shall[i]);
		assert_int_equal(evw_read_nil(&reader[0]), shall[i] == EVW_KIND_NIL);
		(void) evw_read_uint(&reader[1]);
		(void) evw_read_str(&reader[2]);
		(void) evw_read_bin(&reader[3]);
		(void) evw_read_array(&reader[4]);
		(void) evw_read_map(&reader[5]);
		assert_int_equal(reader[1].status == EVW_OK, shall[i] == EVW_KIND_UINT);
		assert_int_equal(reader[2].status == EVW_OK, shall[i] == EVW_KIND_STR);
		assert_int_equal(reader[3].status == EVW_OK, shall[i] == EVW_KIND_BIN);
		assert_int_equal(reader[4].status == EVW_OK, shall[i] == EVW_KIND_ARRAY);
		assert_int_equal(reader[5].status == EVW_OK, shall[i] == EVW_KIND_MAP);
	}
}

static void
unsigned_integers_of_every_width(void **state)
{
	static const struct
	{
		EvwBytes bytes;
		uint64_t number;
	} cases[] = {
		{BYTES("\x00"), 0},
		{BYTES("\x7f"), 127},
		{BYTES("\xcc\xff"), 255},
		{BYTES("\xcd\xff\xff"), 65535},
		{BYTES("\xce\xff\xff\xff\xff"), UINT32_MAX},
		{BYTES("\xcf\x00\x20\x00\x00\x00\x00\x00\x01"), (UINT64_C(1) << 53) + 1},
		{BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), UINT64_MAX},
		/* Signed, but not negative. */
		{BYTES("\xd0\x7f"), 127},
		{BYTES("\xd1\x7f\xff"), 32767},
		{BYTES("\xd2\x7f\xff\xff\xff"), INT32_MAX},
		{BYTES("\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
		/* Longer than need be. */
		{BYTES("\xcf\x00\x00\x00\x00\x00\x00\x00\x01"), 1},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		EvwReader reader;

		evw_reader_init(&reader, cases[i].bytes);
		assert_true(evw_read_uint(&reader) == cases[i].number);
		assert_status(evw_reader_finish(&reader), EVW_OK);
	}
}

static void
numbers_above_a_maximum(void **state)
{
	EvwReader reader;

	(void) state;
	evw_reader_init(&reader, BYTES("\xcd\x01\x00"));
	assert_int_equal(evw_read_uint_max(&reader, 256), 256);
	assert_status(reader.status, EVW_OK);
	evw_reader_init(&reader, BYTES("\xcd\x01\x01"));
	assert_int_equal(evw_read_uint_max(&reader, 256), 0);
	assert_status(reader.status, EVW_MALFORMED);
	evw_reader_init(&reader, BYTES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00"));
	assert_int_equal(evw_read_uint_max(&reader, UINT32_MAX), 0);
	assert_status(reader.status, EVW_MALFORMED);
}

static void
the_first_failure_sticks(void **state)
{
	EvwReader reader;

	(void) state;
	evw_reader_init(&reader, BYTES("\xc0\x01\xa1x"));
	(void) evw_read_array(&reader);
	assert_status(reader.status, EVW_MALFORMED);
	assert_int_equal(evw_reader_peek(&reader), EVW_KIND_NONE);
	assert_int_equal(evw_read_uint(&reader), 0);
	assert_int_equal(evw_read_str(&reader).len, 0);
	assert_int_equal(evw_read_map(&reader), 0);
	assert_false(evw_read_nil(&reader));
	evw_read_skip(&reader, EVW_DEPTH_MAX);
	assert_status(evw_reader_finish(&reader), EVW_MALFORMED);
}

/* One of everything, as msgpack-c must read it too. */
static const EvwBytes formats[] = {
	BYTES("\xc0"),
	BYTES("\xc2"),
	BYTES("\xc3"),
	BYTES("\x00"),
	BYTES("\x7f"),
	BYTES("\xe0"),
	BYTES("\xff"),
	BYTES("\xcc\x80"),
	BYTES("\xcd\x80\x00"),
	BYTES("\xce\x80\x00\x00\x00"),
	BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"),
	BYTES("\xd0\x80"),
	BYTES("\xd0\x01"),
	BYTES("\xd1\x80\x00"),
	BYTES("\xd2\x80\x00\x00\x00"),
	BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
	BYTES("\xca\x3f\x80\x00\x00"),
	BYTES("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
	BYTES("\xa0"),
	BYTES("\xa3"
		  "abc"),
	BYTES("\xd9\x01x"),
	BYTES("\xda\x00\x01x"),
	BYTES("\xdb\x00\x00\x00\x01x"),
	BYTES("\xc4\x00"),
	BYTES("\xc4\x01x"),
	BYTES("\xc5\x00\x01x"),
	BYTES("\xc6\x00\x00\x00\x01x"),
	BYTES("\xd4\x01x"),
	BYTES("\xd5\x01xx"),
	BYTES("\xd6\x01xxxx"),
	BYTES("\xd7\x01xxxxxxxx"),
	BYTES("\xd8\x01xxxxxxxxxxxxxxxx"),
	BYTES("\xc7\x00\x01"),
	BYTES("\xc7\x01\x01x"),
	BYTES("\xc8\x00\x01\x01x"),
	BYTES("\xc9\x00\x00\x00\x01\x01x"),
	BYTES("\x90"),
	BYTES("\x93\x01\xa1x\xc0"),
	BYTES("\xdc\x00\x02\x01\x02"),
	BYTES("\xdd\x00\x00\x00\x02\x01\x02"),
	BYTES("\x80"),
	BYTES("\x82\xa1x\x01\xa1x\x91\x02"),
	BYTES("\xde\x00\x01\xa1x\x01"),
	BYTES("\xdf\x00\x00\x00\x01\xa1x\x01"),
	BYTES("\x81\x91\x80\x81\x01\x02"),
	BYTES("\xa2\xff\xfe"),
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static void
every_format_reads_as_in_msgpack_c(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_FORMATS; i++)
	{
		assert_status(walk(formats[i]), EVW_OK);
		assert_true(msgpack_agrees(formats[i]));
	}
	assert_true(msgpack_agrees(BYTES("\xc1")));
	assert_true(msgpack_agrees(BYTES("\xc0\xc0")));
}

static void
every_truncation_is_refused(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_FORMATS; i++)
		for (size_t len = 0; len < formats[i].len; len++)
		{
			EvwBytes cut = {formats[i].data, len};

			assert_status(walk(cut), EVW_TRUNCATED);
			assert_true(msgpack_agrees(cut));
		}
}

/* A generator of its own, so that every run sees the same bytes. */
static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void
append_random_object(EvwBuf *buf, uint32_t *seed, int depth)
{
	uint32_t dice = next_random(seed) % 16;
	uint32_t count = next_random(seed) % 5;

	if (dice < 3 && depth < EVW_DEPTH_MAX)
	{
		evw_write_array(buf, count);
		for (uint32_t i = 0; i < count; i++)
			append_random_object(buf, seed, depth + 1);
	}
	else if (dice < 6 && depth < EVW_DEPTH_MAX)
	{
		evw_write_map(buf, count);
		for (uint32_t i = 0; i < 2 * count; i++)
			append_random_object(buf, seed, depth + 1);
	}
	else
	{
		EvwBytes format = formats[next_random(seed) % N_FORMATS];

		evw_buf_append(buf, format.data, format.len);
	}
}

/* Well-formed, then with a byte changed, then cut, then with a byte more. */
static void
generated_bytes_read_as_in_msgpack_c(void **state)
{
	uint32_t seed = 20240229;
	int accepted = 0;

	(void) state;
	for (int round = 0; round < 20000; round++)
	{
		EvwBuf buf;
		EvwBytes bytes;
		EvwStatus status;

		help_buf_init(&buf);
		append_random_object(&buf, &seed, 0);
		bytes = help_buf_bytes(&buf);
		assert_true(msgpack_agrees(bytes));
		status = walk(bytes);
		assert_true(status == EVW_OK || status == EVW_TOO_DEEP);
		accepted += status == EVW_OK;
		assert_true(
			msgpack_agrees((EvwBytes){bytes.data, next_random(&seed) % bytes.len}));
		evw_write_nil(&buf);
		bytes = help_buf_bytes(&buf);
		assert_true(msgpack_agrees(bytes));
		buf.data[next_random(&seed) % buf.len] = (uint8_t) next_random(&seed);
		assert_true(msgpack_agrees(bytes));
		help_buf_free(&buf);
	}
	assert_in_range(accepted, 10000, 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_that_the_bytes_do_not_back),
		cmocka_unit_test(counts_that_are_read_alone),
		cmocka_unit_test(lengths_that_the_bytes_do_not_back),
		cmocka_unit_test(chains_of_lying_arrays),
		cmocka_unit_test(depth_at_the_limit),
		cmocka_unit_test(depth_that_a_caller_gives),
		cmocka_unit_test(objects_at_the_limit),
		cmocka_unit_test(a_reserved_byte_is_malformed),
		cmocka_unit_test(kinds_are_not_mixed_up),
		cmocka_unit_test(unsigned_integers_of_every_width),
		cmocka_unit_test(numbers_above_a_maximum),
		cmocka_unit_test(the_first_failure_sticks),
		cmocka_unit_test(every_format_reads_as_in_msgpack_c),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(generated_bytes_read_as_in_msgpack_c),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
