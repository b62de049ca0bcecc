/*
 * attest/cbor_write.c
 *	  CBOR appended to a buffer.
 */
#include "attest/cbor_write.h"

#include <cbor.h>
#include <string.h>

/* Longest head. */
#define HEAD_MAX 9

/* What libcbor wrote; 0 is none. */
static void
append_head(EvwBuf *buf, const uint8_t *head, size_t len)
{
	if (len == 0 && buf->status == EVW_OK)
		buf->status = EVW_INTERNAL;
	evw_buf_append(buf, head, len);
}

void
e3_cbor_uint(EvwBuf *buf, uint64_t number)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_uint(number, head, sizeof(head)));
}

void
e3_cbor_negative(EvwBuf *buf, uint64_t minus_one)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_negint(minus_one, head, sizeof(head)));
}

void
e3_cbor_bytes(EvwBuf *buf, EvwBytes bytes)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_bytestring_start(bytes.len, head, sizeof(head)));
	evw_buf_append(buf, bytes.data, bytes.len);
}

void
e3_cbor_text(EvwBuf *buf, const char *text)
{
	uint8_t head[HEAD_MAX];
	size_t len = strlen(text);

	append_head(buf, head, cbor_encode_string_start(len, head, sizeof(head)));
	evw_buf_append(buf, text, len);
}

void
e3_cbor_null(EvwBuf *buf)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_null(head, sizeof(head)));
}

void
e3_cbor_tag(EvwBuf *buf, uint64_t tag)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_tag(tag, head, sizeof(head)));
}

void
e3_cbor_array(EvwBuf *buf, size_t count)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_array_start(count, head, sizeof(head)));
}

void
e3_cbor_map(EvwBuf *buf, size_t count)
{
	uint8_t head[HEAD_MAX];

	append_head(buf, head, cbor_encode_map_start(count, head, sizeof(head)));
}
