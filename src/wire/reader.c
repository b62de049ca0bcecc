/*
 * wire/reader.c
 *	  A bounded walk over MessagePack (the specification's format table).
 */
#include "wire/reader.h"

/* What the first byte of an object says, once its length has been read. */
typedef struct Head
{
	EvwKind kind;
	uint64_t number; /* value, length in bytes, or count of elements */
} Head;

void
evw_reader_init(EvwReader *reader, EvwBytes bytes)
{
	reader->at = bytes.data;
	reader->end = bytes.data + bytes.len;
	reader->status = EVW_OK;
}

static void
fail(EvwReader *reader, EvwStatus status)
{
	if (reader->status == EVW_OK)
		reader->status = status;
	reader->at = reader->end;
}

static size_t
left(const EvwReader *reader)
{
	return (size_t) (reader->end - reader->at);
}

/* A big-endian integer of 1, 2, 4 or 8 bytes. */
static uint64_t
take_number(EvwReader *reader, size_t width)
{
	uint64_t number = 0;

	if (left(reader) < width)
	{
		fail(reader, EVW_TRUNCATED);
		return 0;
	}
	for (size_t i = 0; i < width; i++)
		number = number << 8 | *reader->at++;
	return number;
}

static EvwKind
kind_of(uint8_t byte)
{
	static const EvwKind high[] = {
		/* 0xc0 */ EVW_KIND_NIL,
		EVW_KIND_NONE,
		EVW_KIND_BOOL,
		EVW_KIND_BOOL,
		/* 0xc4 */ EVW_KIND_BIN,
		EVW_KIND_BIN,
		EVW_KIND_BIN,
		EVW_KIND_EXT,
		/* 0xc8 */ EVW_KIND_EXT,
		EVW_KIND_EXT,
		EVW_KIND_FLOAT,
		EVW_KIND_FLOAT,
		/* 0xcc */ EVW_KIND_UINT,
		EVW_KIND_UINT,
		EVW_KIND_UINT,
		EVW_KIND_UINT,
		/* 0xd0 */ EVW_KIND_INT,
		EVW_KIND_INT,
		EVW_KIND_INT,
		EVW_KIND_INT,
		/* 0xd4 */ EVW_KIND_EXT,
		EVW_KIND_EXT,
		EVW_KIND_EXT,
		EVW_KIND_EXT,
		/* 0xd8 */ EVW_KIND_EXT,
		EVW_KIND_STR,
		EVW_KIND_STR,
		EVW_KIND_STR,
		/* 0xdc */ EVW_KIND_ARRAY,
		EVW_KIND_ARRAY,
		EVW_KIND_MAP,
		EVW_KIND_MAP,
	};

	if (byte < 0x80)
		return EVW_KIND_UINT;
	if (byte < 0x90)
		return EVW_KIND_MAP;
	if (byte < 0xa0)
		return EVW_KIND_ARRAY;
	if (byte < 0xc0)
		return EVW_KIND_STR;
	return byte < 0xe0 ? high[byte - 0xc0] : EVW_KIND_INT;
}

/* Length in bytes of an ext's body, whose type byte counts as part of it. */
static uint64_t
take_ext_length(EvwReader *reader, uint8_t byte)
{
	if (byte >= 0xd4 && byte <= 0xd8)
		return (UINT64_C(1) << (byte - 0xd4)) + 1;
	return take_number(reader, (size_t) 1 << (byte - 0xc7)) + 1;
}

/* A signed integer that is not negative is as good as an unsigned one. */
static Head
take_int(EvwReader *reader, uint8_t byte)
{
	size_t width = (size_t) 1 << (byte - 0xd0);
	uint64_t number = take_number(reader, width);

	if ((number >> (8 * width - 1) & 1) == 0)
		return (Head){EVW_KIND_UINT, number};
	return (Head){EVW_KIND_INT, 0};
}

static Head
take_head(EvwReader *reader)
{
	uint8_t byte = (uint8_t) take_number(reader, 1);
	EvwKind kind = kind_of(byte);

	if (reader->status != EVW_OK)
		return (Head){EVW_KIND_NONE, 0};
	switch (kind)
	{
		case EVW_KIND_UINT:
			if (byte < 0x80)
				return (Head){kind, byte};
			return (Head){kind, take_number(reader, (size_t) 1 << (byte - 0xcc))};
		case EVW_KIND_INT:
			if (byte >= 0xe0)
				return (Head){kind, 0};
			return take_int(reader, byte);
		case EVW_KIND_STR:
			if (byte < 0xc0)
				return (Head){kind, byte & 0x1f};
			return (Head){kind, take_number(reader, (size_t) 1 << (byte - 0xd9))};
		case EVW_KIND_BIN:
			return (Head){kind, take_number(reader, (size_t) 1 << (byte - 0xc4))};
		case EVW_KIND_ARRAY:
			if (byte < 0xa0)
				return (Head){kind, byte & 0x0f};
			return (Head){kind, take_number(reader, (size_t) 2 << (byte - 0xdc))};
		case EVW_KIND_MAP:
			if (byte < 0x90)
				return (Head){kind, byte & 0x0f};
			return (Head){kind, take_number(reader, (size_t) 2 << (byte - 0xde))};
		case EVW_KIND_FLOAT:
			return (Head){kind, byte == 0xca ? 4 : 8};
		case EVW_KIND_EXT:
			return (Head){kind, take_ext_length(reader, byte)};
		case EVW_KIND_NIL:
			return (Head){kind, 0};
		case EVW_KIND_BOOL:
			return (Head){kind, byte & 1};
		case EVW_KIND_NONE:
			break;
	}
	fail(reader, EVW_MALFORMED);
	return (Head){EVW_KIND_NONE, 0};
}

static EvwBytes
take_bytes(EvwReader *reader, uint64_t len)
{
	EvwBytes bytes = {reader->at, 0};

	if (reader->status != EVW_OK)
		return bytes;
	if (len > left(reader))
	{
		fail(reader, EVW_TRUNCATED);
		return bytes;
	}
	bytes.len = (size_t) len;
	reader->at += len;
	return bytes;
}

EvwKind
evw_reader_peek(EvwReader *reader)
{
	EvwReader probe = *reader;

	if (reader->status != EVW_OK || left(reader) == 0)
		return EVW_KIND_NONE;
	return take_head(&probe).kind;
}

static uint64_t
expect(EvwReader *reader, EvwKind kind)
{
	Head head = take_head(reader);

	if (reader->status != EVW_OK)
		return 0;
	if (head.kind == kind)
		return head.number;
	fail(reader, EVW_MALFORMED);
	return 0;
}

/* Elements take at least "min" bytes each, so a count can't lie by much. */
static uint32_t
expect_count(EvwReader *reader, EvwKind kind, uint64_t min)
{
	uint64_t count = expect(reader, kind);

	if (count * min > left(reader))
	{
		fail(reader, EVW_TRUNCATED);
		return 0;
	}
	return (uint32_t) count;
}

uint32_t
evw_read_array(EvwReader *reader)
{
	return expect_count(reader, EVW_KIND_ARRAY, 1);
}

uint32_t
evw_read_map(EvwReader *reader)
{
	return expect_count(reader, EVW_KIND_MAP, 2);
}

uint64_t
evw_read_uint(EvwReader *reader)
{
	return expect(reader, EVW_KIND_UINT);
}

uint32_t
evw_read_uint_max(EvwReader *reader, uint32_t max)
{
	uint64_t number = evw_read_uint(reader);

	if (number <= max)
		return (uint32_t) number;
	fail(reader, EVW_MALFORMED);
	return 0;
}

EvwBytes
evw_read_str(EvwReader *reader)
{
	return take_bytes(reader, expect(reader, EVW_KIND_STR));
}

EvwBytes
evw_read_bin(EvwReader *reader)
{
	return take_bytes(reader, expect(reader, EVW_KIND_BIN));
}

bool
evw_read_nil(EvwReader *reader)
{
	if (evw_reader_peek(reader) != EVW_KIND_NIL)
		return false;
	reader->at++;
	return true;
}

/*
 * Iterative, so that depth costs no stack: pending[d] is the number of objects
 * still to be read at depth d.
 */
void
evw_read_skip(EvwReader *reader, int depth)
{
	uint64_t pending[EVW_DEPTH_MAX + 1] = {1};
	uint32_t objects = 0;
	int at = 0;

	while (at >= 0 && reader->status == EVW_OK)
	{
		Head head;

		if (pending[at] == 0)
		{
			at--;
			continue;
		}
		pending[at]--;
		if (++objects > EVW_OBJECTS_MAX)
			fail(reader, EVW_TOO_MANY_OBJECTS);
		head = take_head(reader);
		switch (head.kind)
		{
			case EVW_KIND_ARRAY:
			case EVW_KIND_MAP:
				if (head.kind == EVW_KIND_MAP)
					head.number *= 2;
				if (head.number > left(reader))
					fail(reader, EVW_TRUNCATED);
				else if (at + 1 > depth || at + 1 > EVW_DEPTH_MAX)
					fail(reader, EVW_TOO_DEEP);
				else
					pending[++at] = head.number;
				break;
			case EVW_KIND_STR:
			case EVW_KIND_BIN:
			case EVW_KIND_EXT:
			case EVW_KIND_FLOAT:
				(void) take_bytes(reader, head.number);
				break;
			default:
				break;
		}
	}
}

EvwStatus
evw_reader_finish(EvwReader *reader)
{
	if (reader->status == EVW_OK && left(reader) > 0)
		fail(reader, EVW_TRAILING_BYTES);
	return reader->status;
}
