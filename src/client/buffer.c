/*
 * client/buffer.c
 *	  Buffers of the wire in backend memory, wiped before they are freed.
 */
#include "postgres.h"

#include "client/buffer.h"

#include "access/xact.h"
#include "utils/memutils.h"

/*
 * Reply buffers kept for the next reply: one batch is emitted, one is in
 * flight, one is being read.  Longer ones are kept until the transaction ends,
 * and the longest not at all.
 */
#define SPARES 3
#define SPARE_ALWAYS_MAX (64u << 10)
#define SPARE_MAX (8u << 20)

/* Longer buffers do not keep their memory when they are to be used again. */
#define KEEP_MAX (16u << 20)

static MemoryContext replies;
static EvwBuf spares[SPARES]; /* data NULL: none */

static bool
resize(EvwBuf *buf, size_t cap, int flags)
{
	uint8_t *old = buf->data;
	uint8_t *data = MemoryContextAllocExtended(buf->owner, cap, flags | MCXT_ALLOC_HUGE);

	if (data == NULL)
		return false;
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

static bool
grow(EvwBuf *buf, size_t cap)
{
	return resize(buf, cap, 0);
}

static bool
grow_reply(EvwBuf *buf, size_t cap)
{
	return resize(buf, cap, MCXT_ALLOC_NO_OOM);
}

void
evc_buffer_init(EvwBuf *buf, MemoryContext context)
{
	evw_buf_growing(buf, grow, context);
}

void
evc_buffer_clear(EvwBuf *buf)
{
	buf->len = 0;
	buf->status = EVW_OK;
}

void
evc_buffer_wipe(EvwBuf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->len);
	evc_buffer_clear(buf);
}

void
evc_buffer_free(EvwBuf *buf)
{
	evc_buffer_wipe(buf);
	if (buf->data != NULL)
		pfree(buf->data);
	buf->data = NULL;
	buf->cap = 0;
}

void
evc_buffer_truncate(EvwBuf *buf, size_t len)
{
	Assert(len <= buf->len);
	if (buf->data != NULL)
		explicit_bzero(buf->data + len, buf->len - len);
	buf->len = len;
}

void
evc_buffer_reset(EvwBuf *buf)
{
	if (buf->cap > KEEP_MAX)
		evc_buffer_free(buf);
	else
		evc_buffer_wipe(buf);
}

/* Called when a transaction ends. */
static void
free_long_spares(XactEvent event, void *arg)
{
	for (int i = 0; i < SPARES; i++)
		if (spares[i].cap > SPARE_ALWAYS_MAX)
			evc_buffer_free(&spares[i]);
}

static void
make_context(void)
{
	RegisterXactCallback(free_long_spares, NULL);
	replies =
		AllocSetContextCreate(TopMemoryContext, "evcrypt replies", ALLOCSET_SMALL_SIZES);
}

void
evc_buffer_take(EvwBuf *buf)
{
	*buf = (EvwBuf){0};
	if (replies == NULL)
		make_context();
	evw_buf_growing(buf, grow_reply, replies);
	for (int i = 0; i < SPARES; i++)
	{
		if (spares[i].data == NULL)
			continue;
		*buf = spares[i];
		spares[i].data = NULL;
		spares[i].cap = 0;
		return;
	}
}

void
evc_buffer_give(EvwBuf *buf)
{
	evc_buffer_wipe(buf);
	for (int i = 0; i < SPARES && buf->data != NULL && buf->cap <= SPARE_MAX; i++)
	{
		if (spares[i].data != NULL)
			continue;
		spares[i] = *buf;
		buf->data = NULL;
		buf->cap = 0;
	}
	evc_buffer_free(buf);
}
