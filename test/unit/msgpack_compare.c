/*
 * unit/msgpack_compare.c
 *	  Our bounded walk over MessagePack against msgpack-c's unpacker.
 */
#include "msgpack_compare.h"

#include "wire/reader.h"

#include <msgpack/unpack.h>
#include <string.h>

static bool
same_bytes(EvwBytes ours, const char *theirs, uint32_t len)
{
	return ours.len == len && (len == 0 || memcmp(ours.data, theirs, len) == 0);
}

/* Consumes an object that we only walk over. */
static bool
same_kind(EvwReader *reader, EvwKind kind)
{
	bool same = evw_reader_peek(reader) == kind;

	evw_read_skip(reader, 0);
	return same;
}

static bool same_object(EvwReader *reader, const msgpack_object *object);

static bool
same_array(EvwReader *reader, const msgpack_object_array *array)
{
	bool same = evw_read_array(reader) == array->size;

	for (uint32_t i = 0; same && i < array->size; i++)
		same = same_object(reader, &array->ptr[i]);
	return same;
}

static bool
same_map(EvwReader *reader, const msgpack_object_map *map)
{
	bool same = evw_read_map(reader) == map->size;

	for (uint32_t i = 0; same && i < map->size; i++)
		same = same_object(reader, &map->ptr[i].key) &&
			   same_object(reader, &map->ptr[i].val);
	return same;
}

static bool
same_object(EvwReader *reader, const msgpack_object *object)
{
	switch (object->type)
	{
		case MSGPACK_OBJECT_NIL:
			return evw_read_nil(reader);
		case MSGPACK_OBJECT_BOOLEAN:
			return same_kind(reader, EVW_KIND_BOOL);
		case MSGPACK_OBJECT_POSITIVE_INTEGER:
			return evw_reader_peek(reader) == EVW_KIND_UINT &&
				   evw_read_uint(reader) == object->via.u64;
		case MSGPACK_OBJECT_NEGATIVE_INTEGER:
			return same_kind(reader, EVW_KIND_INT);
		case MSGPACK_OBJECT_FLOAT32:
		case MSGPACK_OBJECT_FLOAT64:
			return same_kind(reader, EVW_KIND_FLOAT);
		case MSGPACK_OBJECT_STR:
			return same_bytes(evw_read_str(reader), object->via.str.ptr,
							  object->via.str.size);
		case MSGPACK_OBJECT_BIN:
			return same_bytes(evw_read_bin(reader), object->via.bin.ptr,
							  object->via.bin.size);
		case MSGPACK_OBJECT_ARRAY:
			return same_array(reader, &object->via.array);
		case MSGPACK_OBJECT_MAP:
			return same_map(reader, &object->via.map);
		case MSGPACK_OBJECT_EXT:
			return same_kind(reader, EVW_KIND_EXT);
	}
	return false;
}

/* A 16-bit count costs msgpack-c 1.5 MB at most, a 32-bit count 100 GB. */
static bool
safe_for_msgpack(EvwBytes bytes)
{
	return bytes.len == 0 || (memchr(bytes.data, 0xdd, bytes.len) == NULL &&
							  memchr(bytes.data, 0xdf, bytes.len) == NULL);
}

/* Does msgpack-c find a whole object in front, and the same in it? */
static bool
msgpack_accepts(EvwBytes bytes, size_t *used, bool *same)
{
	msgpack_unpacked result;
	msgpack_unpack_return code;
	EvwReader reader;

	*used = 0;
	msgpack_unpacked_init(&result);
	code = msgpack_unpack_next(&result, (const char *) bytes.data, bytes.len, used);
	if (code == MSGPACK_UNPACK_SUCCESS || code == MSGPACK_UNPACK_EXTRA_BYTES)
	{
		evw_reader_init(&reader, (EvwBytes){bytes.data, *used});
		*same =
			same_object(&reader, &result.data) && evw_reader_finish(&reader) == EVW_OK;
	}
	msgpack_unpacked_destroy(&result);
	return code == MSGPACK_UNPACK_SUCCESS || code == MSGPACK_UNPACK_EXTRA_BYTES;
}

bool
msgpack_agrees(EvwBytes bytes)
{
	EvwReader reader;
	EvwStatus status;
	size_t used;
	bool same = false;

	evw_reader_init(&reader, bytes);
	evw_read_skip(&reader, EVW_DEPTH_MAX);
	status = evw_reader_finish(&reader);
	switch (status)
	{
		case EVW_OK:
			return msgpack_accepts(bytes, &used, &same) && same && used == bytes.len;
		case EVW_TRAILING_BYTES:
			return msgpack_accepts(bytes, &used, &same) && same && used < bytes.len;
		case EVW_TOO_DEEP:
		case EVW_TOO_MANY_OBJECTS:
			return true;
		case EVW_TRUNCATED:
		case EVW_MALFORMED:
			return !safe_for_msgpack(bytes) || !msgpack_accepts(bytes, &used, &same);
		default:
			return false;
	}
}
