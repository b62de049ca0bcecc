/*
 * wire/message.c
 *	  What every message has: type, id, header, columns.
 */
#include "wire/message.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/writer.h"

EvwStatus
evw_message_split(EvwBytes body, EvwMessage *message)
{
	EvwReader reader;
	EvwReader whole;
	uint32_t count;

	evw_reader_init(&whole, body);
	evw_read_skip(&whole, EVW_DEPTH_MAX);
	if (evw_reader_finish(&whole) != EVW_OK)
		return whole.status;

	evw_reader_init(&reader, body);
	count = evw_read_array(&reader);
	if (reader.status == EVW_OK && count < 3)
		return EVW_MALFORMED;
	message->type = evw_read_uint_max(&reader, UINT8_MAX);
	message->id = evw_read_uint(&reader);
	if (evw_reader_peek(&reader) != EVW_KIND_MAP)
		return EVW_MALFORMED;
	message->header.data = reader.at;
	evw_read_skip(&reader, EVW_DEPTH_MAX);
	message->header.len = (size_t) (reader.at - message->header.data);
	message->columns = reader;
	message->n_columns = count - 3;
	if (reader.status == EVW_OK && message->header.len > EVW_HEADER_MAX)
		return EVW_BAD_HEADER;
	return reader.status;
}

void
evw_message_begin(EvwBuf *buf, EvwVerb type, uint64_t id, uint32_t n_columns)
{
	evw_frame_begin(buf);
	evw_write_array(buf, 3 + n_columns);
	evw_write_uint(buf, type);
	evw_write_uint(buf, id);
}

uint32_t
evw_column_count(const EvwColumn *column)
{
	return (uint32_t) (column->lengths.len / 4);
}

EvwStatus
evw_column_check(const EvwColumn *column, uint32_t max, EvwStatus too_long)
{
	const uint8_t *at = column->lengths.data;
	uint32_t count = evw_column_count(column);
	uint64_t sum = 0;

	if (column->lengths.len % 4 != 0)
		return EVW_BAD_COLUMNS;
	for (uint32_t i = 0; i < count; i++, at += 4)
	{
		uint32_t length = evw_get_le32(at);

		if (length > max)
			return too_long;
		sum += length;
	}
	return sum == column->bytes.len ? EVW_OK : EVW_BAD_COLUMNS;
}

void
evw_column_open(EvwColumnCursor *cursor, const EvwColumn *column)
{
	cursor->at = column->bytes.data;
	cursor->length_at = column->lengths.data;
}

EvwBytes
evw_message_bin(EvwMessage *message)
{
	if (message->n_columns == 0)
		return (EvwBytes){NULL, 0};
	message->n_columns--;
	if (evw_read_nil(&message->columns))
		return (EvwBytes){NULL, 0};
	return evw_read_bin(&message->columns);
}

EvwStatus
evw_message_column(EvwMessage *message, EvwColumn *column)
{
	column->bytes = evw_message_bin(message);
	column->lengths = evw_message_bin(message);
	if (message->columns.status != EVW_OK)
		return EVW_BAD_COLUMNS;
	if ((column->bytes.data == NULL) != (column->lengths.data == NULL))
		return EVW_BAD_COLUMNS;
	if (column->lengths.len % 4 != 0)
		return EVW_BAD_COLUMNS;
	return column->lengths.len / 4 <= EVW_VALUES_MAX ? EVW_OK : EVW_TOO_MANY_VALUES;
}

void
evw_header_open(EvwHeaderKeys *keys, EvwBytes header, const char *const *known)
{
	evw_reader_init(&keys->reader, header);
	keys->known = known;
	keys->pairs = evw_read_map(&keys->reader);
	keys->seen = 0;
}

static int
find_key(const char *const *known, EvwBytes key)
{
	for (int i = 0; known[i] != NULL; i++)
		if (evw_bytes_equal(key, known[i]))
			return i;
	return -1;
}

int
evw_header_next(EvwHeaderKeys *keys)
{
	EvwReader *reader = &keys->reader;

	while (keys->pairs > 0 && reader->status == EVW_OK)
	{
		int index = find_key(keys->known, evw_read_str(reader));

		keys->pairs--;
		if (reader->status != EVW_OK)
			break;
		if (index < 0)
		{
			evw_read_skip(reader, EVW_DEPTH_MAX);
			continue;
		}
		if (keys->seen & UINT32_C(1) << index)
		{
			reader->status = EVW_BAD_HEADER;
			break;
		}
		keys->seen |= UINT32_C(1) << index;
		return index;
	}
	return -1;
}
