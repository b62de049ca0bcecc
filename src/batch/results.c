/*
 * batch/results.c
 *	  What came back of a batch's values, where the reply lies.
 */
#include "postgres.h"

#include "batch/results.h"

#include "utils/memutils.h"

#include "value/plain.h"

static void
make_offsets(EvcResults *results, MemoryContext context, uint32 needed)
{
	if (results->n_offsets >= needed)
		return;
	if (results->offsets != NULL)
		pfree(results->offsets);
	results->offsets = NULL;
	results->n_offsets = 0;
	results->offsets = MemoryContextAllocHuge(context, sizeof(uint32) * needed);
	results->n_offsets = needed;
}

void
evc_results_set(EvcResults *results, MemoryContext context, const EvwResult *reply,
				uint32 count)
{
	const uint8_t *length_at = reply->values.lengths.data;
	uint32 offset = 0;

	make_offsets(results, context, count + 1);
	for (uint32 i = 0; i < count; i++, length_at += 4)
	{
		results->offsets[i] = offset;
		offset += evw_get_le32(length_at);
	}
	results->offsets[count] = offset;
	results->bytes = reply->values.bytes.data;
	results->statuses = reply->statuses.data;
	results->count = count;
}

void
evc_results_clear(EvcResults *results)
{
	*results = (EvcResults){.offsets = results->offsets, .n_offsets = results->n_offsets};
}

bool
evc_results_look_for_ascii(EvcResults *results)
{
	results->ascii = true;
	for (const EvcResults *some = results; some != NULL && results->ascii;
		 some = some->further)
		results->ascii =
			evc_plain_is_ascii((EvwBytes){some->bytes, some->offsets[some->count]});
	results->ascii_known = true;
	return results->ascii;
}
