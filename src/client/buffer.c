/*
 * client/buffer.c
 *	  Buffers of the wire in a memory context, wiped before they are freed.
 */
#include "postgres.h"

#include "client/buffer.h"

#include "utils/memutils.h"

static bool
grow(EvwBuf *buf, size_t cap)
{
	uint8_t *old = buf->data;
	uint8_t *data = MemoryContextAllocExtended(buf->owner, cap, MCXT_ALLOC_HUGE);

	if (old != NULL)
	{
		memcpy(data, old, buf->len);
		explicit_bzero(old, buf->len);
		pfree(old);
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void
evc_buffer_init(EvwBuf *buf, MemoryContext context)
{
	evw_buf_growing(buf, grow, context);
}

void
evc_buffer_wipe(EvwBuf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->len);
	buf->len = 0;
	buf->status = EVW_OK;
}

void
evc_buffer_free(EvwBuf *buf)
{
	evc_buffer_wipe(buf);
	if (buf->data != NULL)
		pfree(buf->data);
	evc_buffer_init(buf, buf->owner);
}
