/*
 * wire/writer.c
 *	  MessagePack into an EvwBuf, packed by msgpack-c.
 *
 * Only msgpack-c's packer is used: it is inline and calls back for every piece
 * of output, so it allocates nothing.
 */
#include "wire/writer.h"

#include <msgpack/pack.h>
#include <string.h>

static int
append_packed(void *data, const char *bytes, size_t len)
{
	EvwBuf *buf = data;

	evw_buf_append(buf, bytes, len);
	return buf->status == EVW_OK ? 0 : -1;
}

static msgpack_packer
packer_of(EvwBuf *buf)
{
	msgpack_packer packer;

	msgpack_packer_init(&packer, buf, append_packed);
	return packer;
}

void
evw_write_array(EvwBuf *buf, uint32_t count)
{
	msgpack_packer packer = packer_of(buf);

	msgpack_pack_array(&packer, count);
}

void
evw_write_map(EvwBuf *buf, uint32_t pairs)
{
	msgpack_packer packer = packer_of(buf);

	msgpack_pack_map(&packer, pairs);
}

void
evw_write_uint(EvwBuf *buf, uint64_t value)
{
	msgpack_packer packer = packer_of(buf);

	msgpack_pack_uint64(&packer, value);
}

void
evw_write_bool(EvwBuf *buf, bool value)
{
	msgpack_packer packer = packer_of(buf);

	if (value)
		msgpack_pack_true(&packer);
	else
		msgpack_pack_false(&packer);
}

void
evw_write_nil(EvwBuf *buf)
{
	msgpack_packer packer = packer_of(buf);

	msgpack_pack_nil(&packer);
}

void
evw_write_str(EvwBuf *buf, const char *text)
{
	evw_write_str_bytes(buf, (EvwBytes){(const uint8_t *) text, strlen(text)});
}

void
evw_write_str_bytes(EvwBuf *buf, EvwBytes text)
{
	msgpack_packer packer = packer_of(buf);

	msgpack_pack_str(&packer, text.len);
	evw_buf_append(buf, text.data, text.len);
}

void
evw_write_bin(EvwBuf *buf, EvwBytes bytes)
{
	msgpack_packer packer = packer_of(buf);

	msgpack_pack_bin(&packer, bytes.len);
	evw_buf_append(buf, bytes.data, bytes.len);
}

size_t
evw_write_bin_begin(EvwBuf *buf)
{
	msgpack_packer packer = packer_of(buf);

	/* The largest length makes msgpack-c choose bin 32; "end" writes the true one. */
	msgpack_pack_bin(&packer, UINT32_MAX);
	return buf->len;
}

void
evw_write_bin_end(EvwBuf *buf, size_t mark)
{
	if (buf->status != EVW_OK)
		return;
	if (buf->len - mark > UINT32_MAX)
		buf->status = EVW_NO_SPACE;
	else
		evw_put_be32(buf->data + mark - 4, (uint32_t) (buf->len - mark));
}
