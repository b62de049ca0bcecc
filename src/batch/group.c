/*
 * batch/group.c
 *	  Batches of one verb that go out together.
 */
#include "postgres.h"

#include "batch/group.h"

/* The batch that is being filled, or the one after it. */
static EvcBatch *
batch_for(EvcBatchGroup *group, MemoryContext owner, EvwVerb verb, bool another)
{
	if (another)
		group->current++;
	if (group->current == list_length(group->batches))
	{
		MemoryContext caller = MemoryContextSwitchTo(owner);

		group->batches = lappend(group->batches, evc_batch_new(owner, verb));
		MemoryContextSwitchTo(caller);
	}
	return list_nth(group->batches, group->current);
}

EvcBatch *
evc_group_add(EvcBatchGroup *group, MemoryContext owner, EvcMarker *marker,
			  Datum argument, EvcTicket *ticket)
{
	EvwVerb verb = evc_marker_verb(marker->kind);
	EvcBatch *batch = batch_for(group, owner, verb, false);

	if (evc_marker_add(marker, batch, argument, ticket))
		return batch;
	batch = batch_for(group, owner, verb, true);
	(void) evc_marker_add(marker, batch, argument, ticket);
	return batch;
}

size_t
evc_group_bytes(const EvcBatchGroup *group)
{
	return group->batches == NIL
			   ? 0
			   : evc_batch_bytes(list_nth(group->batches, group->current));
}

bool
evc_group_is_full(const EvcBatchGroup *group)
{
	return group->current > 0;
}

static void
for_each_batch(EvcBatchGroup *group, void (*act)(EvcBatch *batch))
{
	ListCell *cell;

	foreach (cell, group->batches)
		act(lfirst(cell));
}

void
evc_group_send(EvcBatchGroup *group)
{
	for_each_batch(group, evc_batch_send);
}

void
evc_group_receive(EvcBatchGroup *group)
{
	for_each_batch(group, evc_batch_receive);
}

void
evc_group_reset(EvcBatchGroup *group)
{
	for_each_batch(group, evc_batch_reset);
	group->current = 0;
}
