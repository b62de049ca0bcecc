/*
 * batch/group.c
 *	  Batches of one kind that go out together.
 */
#include "postgres.h"

#include "batch/group.h"

/* Makes the current batch the one that is being filled. */
static void
look_up(EvcBatchGroup *group, MemoryContext owner, EvcBatchKind kind)
{
	if (group->current == list_length(group->batches))
	{
		MemoryContext caller = MemoryContextSwitchTo(owner);

		group->batches = lappend(group->batches, evc_batch_new(owner, kind));
		MemoryContextSwitchTo(caller);
	}
	group->filling = list_nth(group->batches, group->current);
}

EvcBatch *
evc_group_add_to_next(EvcBatchGroup *group, MemoryContext owner, EvcMarker *marker,
					  const NullableDatum *arguments, EvcTicket *ticket)
{
	if (group->filling != NULL)
		group->current++;
	look_up(group, owner, marker->batches);
	(void) evc_marker_add(marker, group->filling, arguments, ticket);
	return group->filling;
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
	group->filling = NULL;
}
