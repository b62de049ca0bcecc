/*
 * fuzz/frame_fuzz.c
 *	  evw_frame_start, evw_frame_want, evw_frame_came: a stream of frames in
 *	  pieces that the first two bytes choose.
 *
 * Every frame that completes has the bytes that were sent, whatever the
 * pieces, and memory never runs ahead of what has come.
 */
#include "fuzz.h"

#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

/* Feeds one frame from *stream; OK with *whole false when the bytes run out. */
static EvwStatus
feed_frame(EvwFrameReader *reader, EvwBytes *stream, uint32_t *pieces, bool *whole)
{
	for (;;)
	{
		uint8_t *at;
		size_t len;
		EvwStatus status = evw_frame_want(reader, &at, &len);

		*whole = status == EVW_OK && len == 0;
		if (status != EVW_OK || *whole || stream->len == 0)
			return status;
		FUZZ_CHECK(reader->body->cap <= 2 * reader->body->len + (64u << 10));
		*pieces = *pieces * 1103515245 + 12345;
		if (len > 1 + (*pieces >> 16) % 64)
			len = 1 + (*pieces >> 16) % 64;
		if (len > stream->len)
			len = stream->len;
		memcpy(at, stream->data, len);
		stream->data += len;
		stream->len -= len;
		status = evw_frame_came(reader, len);
		if (status != EVW_OK)
			return status;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	EvwStatus status = EVW_OK;
	bool whole = true;

	if (size < 2)
		return 0;
	for (EvwBytes stream = {data + 2, size - 2}; status == EVW_OK && whole;)
	{
		uint32_t pieces = (uint32_t) (data[0] << 8 | data[1]);
		const uint8_t *start = stream.data;
		EvwFrameReader reader;
		EvwBuf body;

		fuzz_buf_init(&body);
		evw_frame_start(&reader, &body, EVW_FRAME_MAX);
		status = feed_frame(&reader, &stream, &pieces, &whole);
		if (whole)
		{
			FUZZ_CHECK(body.len == evw_get_be32(start));
			FUZZ_CHECK(memcmp(body.data, start + EVW_FRAME_PREFIX, body.len) == 0);
			FUZZ_CHECK(stream.data == start + EVW_FRAME_PREFIX + body.len);
		}
		free(body.data);
	}
	FUZZ_CHECK(status == EVW_OK || status == EVW_FRAME_EMPTY ||
			   status == EVW_FRAME_TOO_LONG);
	return 0;
}
