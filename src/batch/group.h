/*
 * batch/group.h
 *	  Batches of one kind that go out together: one, as a rule.
 *
 * Values of up to 64 MiB may not fit one frame beside each other; they get a
 * batch of their own.
 */
#ifndef EVC_GROUP_H
#define EVC_GROUP_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "batch/marker.h"

typedef struct EvcBatchGroup
{
	List *batches;	   /* EvcBatch; NIL: nothing was ever added */
	int current;	   /* the one that is being filled: */
	EvcBatch *filling; /* NULL: not looked up yet */
} EvcBatchGroup;

/* evc_group_add where no batch is being filled, or the call does not fit that. */
extern EvcBatch *evc_group_add_to_next(EvcBatchGroup *group, MemoryContext owner,
									   EvcMarker *marker, const NullableDatum *arguments,
									   EvcTicket *ticket);

/*
 * Adds a marker's call to the batch that is being filled or to the one after it,
 * which is made below "owner".  Returns the batch.
 */
static inline EvcBatch *
evc_group_add(EvcBatchGroup *group, MemoryContext owner, EvcMarker *marker,
			  const NullableDatum *arguments, EvcTicket *ticket)
{
	if (group->filling != NULL &&
		evc_marker_add(marker, group->filling, arguments, ticket))
		return group->filling;
	return evc_group_add_to_next(group, owner, marker, arguments, ticket);
}

/* Bytes of values in the batch that is being filled. */
static inline size_t
evc_group_bytes(const EvcBatchGroup *group)
{
	return group->filling == NULL ? 0 : evc_batch_bytes(group->filling);
}

/* Something did not fit beside the rest: there is enough to do. */
static inline bool
evc_group_is_full(const EvcBatchGroup *group)
{
	return group->current > 0;
}

/* evc_batch_send, evc_batch_receive and evc_batch_reset of each. */
extern void evc_group_send(EvcBatchGroup *group);
extern void evc_group_receive(EvcBatchGroup *group);
extern void evc_group_reset(EvcBatchGroup *group);

#endif /* EVC_GROUP_H */
