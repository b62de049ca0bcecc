/*
 * wire/reply.c
 *	  Replies, encoded and decoded side by side.
 */
#include "wire/reply.h"

#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/writer.h"

#include <string.h>

/* The largest number makes msgpack-c choose the full width; "end" writes the true one. */
EvwResultMark
evw_result_begin(EvwBuf *buf, uint64_t id, uint32_t key_version)
{
	EvwResultMark mark;

	evw_message_begin(buf, EVW_VERB_RESULT, id, 3);
	evw_write_map(buf, 3);
	evw_write_str(buf, "e3_ns");
	evw_write_uint(buf, UINT64_MAX);
	mark.e3_ns = buf->len - 8;
	evw_write_str(buf, "cache_hits");
	evw_write_uint(buf, UINT32_MAX);
	mark.cache_hits = buf->len - 4;
	evw_write_str(buf, "key_version");
	evw_write_uint(buf, key_version);
	return mark;
}

void
evw_result_end(EvwBuf *buf, EvwResultMark mark, uint64_t e3_ns, uint32_t cache_hits)
{
	evw_frame_end(buf);
	if (buf->status != EVW_OK)
		return;
	evw_put_be32(buf->data + mark.e3_ns, (uint32_t) (e3_ns >> 32));
	evw_put_be32(buf->data + mark.e3_ns + 4, (uint32_t) e3_ns);
	evw_put_be32(buf->data + mark.cache_hits, cache_hits);
}

static EvwStatus
decode_result_header(EvwBytes bytes, EvwResultHeader *header)
{
	static const char *const known[] = {"e3_ns", "cache_hits", "key_version", NULL};
	EvwHeaderKeys keys;
	int key;

	*header = (EvwResultHeader){0};
	evw_header_open(&keys, bytes, known);
	while ((key = evw_header_next(&keys)) >= 0)
	{
		if (key == 0)
			header->e3_ns = evw_read_uint(&keys.reader);
		else if (key == 1)
			header->cache_hits = evw_read_uint_max(&keys.reader, UINT32_MAX);
		else
			header->key_version = evw_read_uint_max(&keys.reader, UINT32_MAX);
	}
	return keys.reader.status;
}

EvwStatus
evw_result_decode(EvwMessage *message, EvwResult *result)
{
	EvwStatus status = decode_result_header(message->header, &result->header);

	if (status != EVW_OK)
		return status;
	status = evw_message_column(message, &result->values);
	if (status != EVW_OK)
		return status;
	result->statuses = evw_message_bin(message);
	if (message->columns.status != EVW_OK)
		return EVW_BAD_COLUMNS;
	if (result->statuses.data != NULL &&
		result->statuses.len != evw_column_count(&result->values))
		return EVW_BAD_COLUMNS;
	return evw_column_check(&result->values, EVW_ENVELOPE_MAX, EVW_VALUE_TOO_LONG);
}

void
evw_error_encode(EvwBuf *buf, uint64_t id, const EvwErrorHeader *header)
{
	evw_message_begin(buf, EVW_VERB_ERROR, id, 0);
	evw_write_map(buf, header->retry_ms > 0 ? 4 : 3);
	evw_write_str(buf, "code");
	evw_write_uint(buf, header->code);
	evw_write_str(buf, "name");
	evw_write_str(buf, evw_status_name(header->code));
	evw_write_str(buf, "message");
	evw_write_str_bytes(buf, header->message);
	if (header->retry_ms > 0)
	{
		evw_write_str(buf, "retry_ms");
		evw_write_uint(buf, header->retry_ms);
	}
	evw_frame_end(buf);
}

void
evw_error_encode_status(EvwBuf *buf, uint64_t id, EvwStatus status)
{
	const char *message = evw_status_message(status);
	EvwErrorHeader header = {.code = status,
							 .message = {(const uint8_t *) message, strlen(message)}};

	evw_error_encode(buf, id, &header);
}

EvwStatus
evw_error_decode(const EvwMessage *message, EvwErrorHeader *header)
{
	static const char *const known[] = {"code", "message", "retry_ms", NULL};
	EvwHeaderKeys keys;
	int key;

	*header = (EvwErrorHeader){0};
	evw_header_open(&keys, message->header, known);
	while ((key = evw_header_next(&keys)) >= 0)
	{
		if (key == 0)
			header->code = evw_read_uint_max(&keys.reader, UINT16_MAX);
		else if (key == 1)
			header->message = evw_read_str(&keys.reader);
		else
			header->retry_ms = evw_read_uint_max(&keys.reader, EVW_DEADLINE_MAX_MS);
	}
	if (keys.reader.status != EVW_OK)
		return keys.reader.status;
	return header->code != EVW_OK && header->message.len <= EVW_MESSAGE_MAX
			   ? EVW_OK
			   : EVW_BAD_HEADER;
}

void
evw_cancelled_encode(EvwBuf *buf, uint64_t id, uint32_t done)
{
	evw_message_begin(buf, EVW_VERB_CANCELLED, id, 0);
	evw_write_map(buf, 1);
	evw_write_str(buf, "done");
	evw_write_uint(buf, done);
	evw_frame_end(buf);
}

EvwStatus
evw_cancelled_decode(const EvwMessage *message, uint32_t *done)
{
	static const char *const known[] = {"done", NULL};
	EvwHeaderKeys keys;

	*done = 0;
	evw_header_open(&keys, message->header, known);
	while (evw_header_next(&keys) >= 0)
		*done = evw_read_uint_max(&keys.reader, EVW_VALUES_MAX);
	return keys.reader.status;
}
