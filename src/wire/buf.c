/*
 * wire/buf.c
 *	  The append-only buffer, and integers in byte order.
 */
#include "wire/buf.h"

#include <string.h>

#define BUF_CAP_MIN 256

void
evw_buf_fixed(EvwBuf *buf, void *data, size_t cap)
{
	*buf = (EvwBuf){.data = data, .cap = cap, .status = EVW_OK};
}

void
evw_buf_growing(EvwBuf *buf, EvwGrow grow, void *owner)
{
	*buf = (EvwBuf){.grow = grow, .owner = owner, .status = EVW_OK};
}

/* Doubles, so that n appends cost O(n) copies, or takes just what is asked. */
static bool
make_room(EvwBuf *buf, size_t len)
{
	size_t need = buf->len + len;
	size_t cap = buf->cap < BUF_CAP_MIN ? BUF_CAP_MIN : buf->cap;

	if (need < len || buf->grow == NULL)
	{
		buf->status = EVW_NO_SPACE;
		return false;
	}
	while (cap < need && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (!buf->grow(buf, cap < need ? need : cap))
	{
		buf->status = EVW_OUT_OF_MEMORY;
		return false;
	}
	return true;
}

uint8_t *
evw_buf_make_room(EvwBuf *buf, size_t len)
{
	if (buf->status != EVW_OK || !make_room(buf, len))
		return NULL;
	buf->len += len;
	return buf->data + buf->len - len;
}

void
evw_buf_append(EvwBuf *buf, const void *data, size_t len)
{
	uint8_t *at = evw_buf_extend(buf, len);

	if (at != NULL && len > 0)
		memcpy(at, data, len);
}

void
evw_put_be32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t) (value >> (24 - 8 * i));
}

uint32_t
evw_get_be32(const uint8_t *at)
{
	return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 |
		   (uint32_t) at[3];
}

uint64_t
evw_get_be64(const uint8_t *at)
{
	return (uint64_t) evw_get_be32(at) << 32 | evw_get_be32(at + 4);
}

bool
evw_bytes_equal(EvwBytes bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}
