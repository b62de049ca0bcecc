/*
 * batch/contexts.c
 *	  Contexts of a batch's values, as the columns of a request.
 */
#include "postgres.h"

#include "batch/contexts.h"

#include "utils/memutils.h"

#include "client/buffer.h"

#define STARTS_MIN 64

/* What one takes beside its bytes. */
#define LENGTH_LEN 4

void
evc_contexts_init(EvcContexts *contexts, MemoryContext context)
{
	memset(contexts, 0, sizeof(*contexts));
	contexts->context = context;
	evc_buffer_init(&contexts->bytes, context);
	evc_buffer_init(&contexts->lengths, context);
}

/* Of those that stand there. */
static EvwBytes
context_at(const EvcContexts *contexts, uint32 at)
{
	return (EvwBytes){contexts->bytes.data + contexts->starts[at],
					  evw_get_le32(contexts->lengths.data + (size_t) at * LENGTH_LEN)};
}

bool
evc_contexts_match(const EvcContexts *contexts, uint32 number, EvwBytes context)
{
	EvwBytes other = context_at(contexts, contexts->differ ? number : 0);

	return other.len == context.len && memcmp(other.data, context.data, other.len) == 0;
}

/* One more that stands there; returns where its bytes go. */
static uint8_t *
append(EvcContexts *contexts, size_t len)
{
	if (contexts->count == contexts->n_starts)
	{
		uint32 room = Max(contexts->n_starts * 2, STARTS_MIN);

		contexts->starts =
			contexts->starts == NULL
				? MemoryContextAlloc(contexts->context, room * sizeof(uint32))
				: repalloc(contexts->starts, room * sizeof(uint32));
		contexts->n_starts = room;
	}
	contexts->starts[contexts->count++] = (uint32) contexts->bytes.len;
	evw_put_le32(evw_buf_extend(&contexts->lengths, LENGTH_LEN), (uint32_t) len);
	return evw_buf_extend(&contexts->bytes, len);
}

/* So far one stood for all "count" values. */
static void
spread(EvcContexts *contexts, uint32 count)
{
	size_t len = contexts->bytes.len;

	contexts->differ = true;
	while (contexts->count < count)
	{
		uint8_t *at = append(contexts, len);

		memcpy(at, contexts->bytes.data, len);
	}
}

/* Does the one that is there stand for the value "number" as well? */
static bool
is_shared(const EvcContexts *contexts, uint32 number, EvwBytes more)
{
	return !contexts->differ && number > 0 && evc_contexts_match(contexts, 0, more);
}

size_t
evc_contexts_size(const EvcContexts *contexts)
{
	return contexts->bytes.len + contexts->lengths.len;
}

size_t
evc_contexts_size_with(const EvcContexts *contexts, uint32 number, EvwBytes more)
{
	size_t size = evc_contexts_size(contexts);

	if (is_shared(contexts, number, more))
		return size;
	/* What stands for all would have to be repeated for each. */
	if (!contexts->differ && number > 0)
		size *= number;
	return size + more.len + LENGTH_LEN;
}

void
evc_contexts_add(EvcContexts *contexts, uint32 number, EvwBytes more)
{
	if (is_shared(contexts, number, more))
		return;
	if (!contexts->differ && number > 0)
		spread(contexts, number);
	memcpy(append(contexts, more.len), more.data, more.len);
}

void
evc_contexts_truncate(EvcContexts *contexts, uint32 count)
{
	/* One stands for all that are left, if it is shared, but for none if none is. */
	uint32 left = contexts->differ ? count : Min(count, 1);

	if (left >= contexts->count)
		return;
	evc_buffer_truncate(&contexts->bytes, contexts->starts[left]);
	evc_buffer_truncate(&contexts->lengths, (size_t) left * LENGTH_LEN);
	contexts->count = left;
	contexts->differ &= left > 1;
}

void
evc_contexts_wipe(EvcContexts *contexts)
{
	evc_buffer_wipe(&contexts->bytes);
	evc_buffer_wipe(&contexts->lengths);
}

void
evc_contexts_reset(EvcContexts *contexts)
{
	evc_buffer_reset(&contexts->bytes);
	evc_buffer_reset(&contexts->lengths);
	contexts->count = 0;
	contexts->differ = false;
}
