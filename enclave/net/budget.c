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
e3_share_init(E3Share *share, size_t *party)
{
	e3_link_init(&share->link);
	share->party = party;
	share->counted = 0;
	share->reserved = 0;
	share->wanted = 0;
}

void
e3_budget_count(E3Budget *budget, E3Share *share, size_t bytes)
{
	budget->used += bytes - share->counted;
	*share->party += bytes - share->counted;
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
fits(size_t used, size_t need, size_t limit)
{
	return used <= limit && need <= limit - used;
}

/* If this share is all that is spent, and not too much, what comes next may be large. */
static bool
is_alone(const E3Budget *budget, const E3Share *share, size_t used)
{
	return used == share->counted && used <= budget->limit / 2;
}

/* Has the party as much as one may have? */
static bool
is_greedy(const E3Budget *budget, const E3Share *share, size_t need)
{
	return !is_alone(budget, share, *share->party) &&
		   !fits(*share->party, need, budget->limit - budget->limit / 4);
}

static bool
has_room(const E3Budget *budget, const E3Share *share, size_t need)
{
	return fits(budget->used, need, budget->limit) ||
		   is_alone(budget, share, budget->used);
}

/* Of those in line, the first that its party does not keep waiting; NULL if none. */
static E3Share *
first_in_line(const E3Budget *budget)
{
	for (E3Link *link = budget->waiting.next; link != &budget->waiting; link = link->next)
	{
		E3Share *share = E3_LINK_OWNER(E3Share, link, link);

		if (!is_greedy(budget, share, share->wanted))
			return share;
	}
	return NULL;
}

bool
e3_budget_reserve(E3Budget *budget, E3Share *share, size_t frame)
{
	size_t need = need_of(frame);
	E3Share *first;

	if (share->reserved > 0 || frame <= E3_BUDGET_TINY ||
		(frame <= E3_BUDGET_SMALL && share->counted <= E3_BUDGET_ALLOWANCE))
		return true;
	share->wanted = need;
	first = first_in_line(budget);
	if ((first != NULL && first != share) || is_greedy(budget, share, need) ||
		!has_room(budget, share, need))
	{
		if (e3_link_alone(&share->link))
			e3_link_append(&budget->waiting, &share->link);
		return false;
	}
	e3_link_take_out(&share->link);
	share->reserved = need;
	budget->used += need;
	*share->party += need;
	return true;
}

bool
e3_budget_takes(const E3Budget *budget, const E3Share *share, size_t bytes)
{
	size_t others = budget->used - share->reserved;
	size_t party = *share->party - share->reserved;

	if (bytes <= share->reserved || share->counted + bytes <= 2 * E3_BUDGET_ALLOWANCE)
		return true;
	if (!is_alone(budget, share, others) && !fits(others, bytes, budget->limit))
		return false;
	return is_alone(budget, share, party) ||
		   fits(party, bytes, budget->limit - budget->limit / 4);
}

void
e3_budget_unreserve(E3Budget *budget, E3Share *share)
{
	e3_link_take_out(&share->link);
	budget->used -= share->reserved;
	*share->party -= share->reserved;
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
	return budget->used < budget->limit ? first_in_line(budget) : NULL;
}
