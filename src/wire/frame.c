/*
 * wire/frame.c
 *	  Frames in and out.
 */
#include "wire/frame.h"

/* Room made before any byte of a body has come; doubles from there. */
#define FRAME_FIRST_ROOM (64u << 10)

void
evw_frame_start(EvwFrameReader *reader, EvwBuf *body, uint32_t max)
{
	*reader = (EvwFrameReader){.max = max, .body = body};
}

static bool
prefix_known(const EvwFrameReader *reader)
{
	return reader->prefix_len == EVW_FRAME_PREFIX;
}

EvwStatus
evw_frame_want(EvwFrameReader *reader, uint8_t **at, size_t *len)
{
	EvwBuf *body = reader->body;
	size_t missing;
	size_t room;

	if (!prefix_known(reader))
	{
		*at = reader->prefix + reader->prefix_len;
		*len = EVW_FRAME_PREFIX - reader->prefix_len;
		return EVW_OK;
	}
	missing = reader->length - body->len;
	room = body->len < FRAME_FIRST_ROOM ? FRAME_FIRST_ROOM : body->len;
	if (body->cap > body->len)
		room = body->cap - body->len;
	*len = missing < room ? missing : room;
	*at = evw_buf_extend(body, *len);
	if (body->status != EVW_OK)
		return body->status;
	body->len -= *len;
	return EVW_OK;
}

EvwStatus
evw_frame_came(EvwFrameReader *reader, size_t len)
{
	if (prefix_known(reader))
	{
		reader->body->len += len;
		return EVW_OK;
	}
	reader->prefix_len += len;
	if (!prefix_known(reader))
		return EVW_OK;
	reader->length = evw_get_be32(reader->prefix);
	if (reader->length == 0)
		return EVW_FRAME_EMPTY;
	return reader->length <= reader->max ? EVW_OK : EVW_FRAME_TOO_LONG;
}

size_t
evw_frame_length(const EvwFrameReader *reader)
{
	return prefix_known(reader) ? reader->length : 0;
}

bool
evw_frame_begun(const EvwFrameReader *reader)
{
	return reader->prefix_len > 0;
}

bool
evw_frame_complete(const EvwFrameReader *reader)
{
	return prefix_known(reader) && reader->body->len == reader->length;
}

void
evw_frame_begin(EvwBuf *buf)
{
	(void) evw_buf_extend(buf, EVW_FRAME_PREFIX);
}

void
evw_frame_end(EvwBuf *buf)
{
	if (buf->status != EVW_OK)
		return;
	if (buf->len - EVW_FRAME_PREFIX > EVW_FRAME_MAX)
		buf->status = EVW_FRAME_TOO_LONG;
	else
		evw_put_be32(buf->data, (uint32_t) (buf->len - EVW_FRAME_PREFIX));
}
