/*
 * wire/buf.h
 *	  Borrowed byte strings, and the append-only buffer all writers share.
 *
 * The wire allocates nothing: an EvwBuf lives in its owner's memory and grows,
 * if it may, through the owner's callback.  The first failure sticks: later
 * appends do nothing, and the caller looks at "status" once, at the end.
 */
#ifndef EVW_BUF_H
#define EVW_BUF_H

#include "wire/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes owned by somebody else, valid as long as their owner says. */
typedef struct EvwBytes
{
	const uint8_t *data;
	size_t len;
} EvwBytes;

typedef struct EvwBuf EvwBuf;

/*
 * Makes buf->data hold at least "cap" bytes, keeping the first buf->len, and
 * sets buf->cap.  Returns false when it can't; the buffer is then unchanged.
 */
typedef bool (*EvwGrow)(EvwBuf *buf, size_t cap);

struct EvwBuf
{
	uint8_t *data; /* owner's memory */
	size_t len;	   /* bytes written */
	size_t cap;	   /* bytes at data */
	EvwGrow grow;  /* NULL: fixed size */
	void *owner;   /* for grow */
	EvwStatus status;
};

/* A buffer of fixed size over the caller's memory. */
extern void evw_buf_fixed(EvwBuf *buf, void *data, size_t cap);

/* An empty buffer that grows through "grow". */
extern void evw_buf_growing(EvwBuf *buf, EvwGrow grow, void *owner);

/* evw_buf_extend where there is no room, or no buffer any more. */
extern uint8_t *evw_buf_make_room(EvwBuf *buf, size_t len);

/*
 * Room for "len" more bytes, which become part of the buffer: returns where
 * they go, or NULL with status NO_SPACE or OUT_OF_MEMORY.  In line, as every
 * value is appended.
 */
static inline uint8_t *
evw_buf_extend(EvwBuf *buf, size_t len)
{
	/* Even no bytes have a place, so that NULL always means failure. */
	if (buf->status != EVW_OK || buf->data == NULL || len > buf->cap - buf->len)
		return evw_buf_make_room(buf, len);
	buf->len += len;
	return buf->data + buf->len - len;
}

/* Appends a copy. */
extern void evw_buf_append(EvwBuf *buf, const void *data, size_t len);

/* Little- and big-endian integers at any alignment. */
extern void evw_put_be32(uint8_t *at, uint32_t value);
extern uint32_t evw_get_be32(const uint8_t *at);
extern uint64_t evw_get_be64(const uint8_t *at);

/* In line, these two, as every value has a length. */
static inline void
evw_put_le32(uint8_t *at, uint32_t value)
{
	/* One by one, which compilers make one store of. */
	at[0] = (uint8_t) value;
	at[1] = (uint8_t) (value >> 8);
	at[2] = (uint8_t) (value >> 16);
	at[3] = (uint8_t) (value >> 24);
}

static inline uint32_t
evw_get_le32(const uint8_t *at)
{
	return (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 |
		   (uint32_t) at[3] << 24;
}

/* Equality of bytes with a C string; for names, not for secrets. */
extern bool evw_bytes_equal(EvwBytes bytes, const char *text);

#endif /* EVW_BUF_H */
