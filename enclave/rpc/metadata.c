/*
 * rpc/metadata.c
 *	  Metadata in front of a plaintext, encoded and decoded side by side.
 */
#include "rpc/metadata.h"

#include "wire/message.h"
#include "wire/writer.h"

#include <string.h>

#define LENGTH_BYTES 2

EvwBytes
e3_metadata_encode(uint8_t *out, EvwBytes role, uint32_t unix_seconds)
{
	EvwBuf buf;
	size_t length;

	evw_buf_fixed(&buf, out, E3_METADATA_ENCODED_MAX);
	(void) evw_buf_extend(&buf, LENGTH_BYTES);
	evw_write_map(&buf, role.len > 0 ? 3 : 2);
	if (role.len > 0)
	{
		evw_write_str(&buf, "dr");
		evw_write_str_bytes(&buf, role);
	}
	evw_write_str(&buf, "eo");
	evw_write_uint(&buf, E3_METADATA_ORIGIN);
	evw_write_str(&buf, "et");
	evw_write_uint(&buf, unix_seconds);
	length = buf.len - LENGTH_BYTES;
	out[0] = (uint8_t) length;
	out[1] = (uint8_t) (length >> 8);
	return (EvwBytes){out, buf.len};
}

EvwStatus
e3_metadata_decode(EvwBytes plaintext, E3Metadata *metadata)
{
	static const char *const known[] = {"dr", NULL};
	EvwHeaderKeys keys;
	EvwBytes map;

	*metadata = (E3Metadata){0};
	if (plaintext.len < LENGTH_BYTES)
		return EVW_MALFORMED;
	map.data = plaintext.data + LENGTH_BYTES;
	map.len = (size_t) plaintext.data[0] | (size_t) plaintext.data[1] << 8;
	if (map.len > plaintext.len - LENGTH_BYTES)
		return EVW_MALFORMED;
	metadata->body.data = map.data + map.len;
	metadata->body.len = plaintext.len - LENGTH_BYTES - map.len;

	evw_header_open(&keys, map, known);
	while (evw_header_next(&keys) >= 0)
		metadata->role = evw_read_str(&keys.reader);
	return evw_reader_finish(&keys.reader);
}

static bool
is_seen(const E3MetadataSeen *seen, EvwBytes plaintext)
{
	return seen->len > 0 && plaintext.len >= seen->len &&
		   memcmp(plaintext.data, seen->bytes, seen->len) == 0;
}

EvwStatus
e3_metadata_decode_next(E3MetadataSeen *seen, EvwBytes plaintext, E3Metadata *metadata)
{
	EvwStatus status;
	size_t len;

	if (is_seen(seen, plaintext))
	{
		metadata->role = (EvwBytes){plaintext.data + seen->role_at, seen->role_len};
		metadata->body =
			(EvwBytes){plaintext.data + seen->len, plaintext.len - seen->len};
		return EVW_OK;
	}
	status = e3_metadata_decode(plaintext, metadata);
	if (status != EVW_OK)
		return status;
	len = plaintext.len - metadata->body.len;
	seen->len = len <= sizeof(seen->bytes) ? len : 0;
	memcpy(seen->bytes, plaintext.data, seen->len);
	seen->role_len = metadata->role.len;
	seen->role_at =
		metadata->role.len > 0 ? (size_t) (metadata->role.data - plaintext.data) : 0;
	return EVW_OK;
}
