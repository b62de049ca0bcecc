/*
 * net/budget.c
 *	  One memory budget for all connections.
 */
#include "net/budget.h"

#include "wire/limits.h"

void
e3_budget_init(E3Budget *budget, size_t limit)
{
	budget->limit = limit;
	budget->used = 0;
	e3_link_init(&budget->waiting);
}

void
e3_share_init(E3Share *share)
{
	e3_link_init(&share->link);
	share->counted = 0;
	share->reserved = 0;
}

void
e3_budget_count(E3Budget *budget, E3Share *share, size_t bytes)
{
	budget->used += bytes - share->counted;
	share->counted = bytes;
}

/* The frame, and a reply that may be three times as long, but no longer than a frame. */
static size_t
need_of(size_t frame)
{
	size_t reply = frame < EVW_FRAME_MAX / 3 ? 3 * frame : EVW_FRAME_MAX;

	return frame + reply;
}

static bool
has_room(const E3Budget *budget, const E3Share *share, size_t need)
{
	return need <= budget->limit -
					   (budget->used < budget->limit ? budget->used : budget->limit) ||
		   budget->used == share->counted;
}

bool
e3_budget_reserve(E3Budget *budget, E3Share *share, size_t frame)
{
	size_t need = need_of(frame);
	bool first = e3_link_alone(&budget->waiting) || budget->waiting.next == &share->link;

	if (share->reserved > 0 || frame <= E3_BUDGET_SMALL)
		return true;
	if (!first || !has_room(budget, share, need))
	{
		if (e3_link_alone(&share->link))
			e3_link_append(&budget->waiting, &share->link);
		return false;
	}
	e3_link_take_out(&share->link);
	share->reserved = need;
	budget->used += need;
	return true;
}

void
e3_budget_unreserve(E3Budget *budget, E3Share *share)
{
	e3_link_take_out(&share->link);
	budget->used -= share->reserved;
	share->reserved = 0;
}

void
e3_budget_leave(E3Budget *budget, E3Share *share)
{
	e3_budget_unreserve(budget, share);
	e3_budget_count(budget, share, 0);
}

E3Share *
e3_budget_next(E3Budget *budget)
{
	E3Link *link = budget->waiting.next;

	if (link == &budget->waiting || budget->used >= budget->limit)
		return NULL;
	return E3_LINK_OWNER(E3Share, link, link);
}
