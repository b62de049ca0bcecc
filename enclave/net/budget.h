/*
 * net/budget.h
 *	  One memory budget for all connections: who may read on, who waits.
 *
 * What counts is a frame that is being read, a request in flight with the reply
 * it will have, and replies not yet taken.  A frame is begun only when there is room
 * for it and its reply; until then nothing is read from its connection, and the
 * connections that wait are served in their order.  TINY frames (CANCEL, HEALTH, a
 * few values) never wait, nor do SMALL ones of a connection that holds little.
 *
 * One party's connections have no more than three quarters of it together: who holds
 * a lot of it, and does not take its replies, keeps nobody else waiting.
 */
#ifndef E3_BUDGET_H
#define E3_BUDGET_H

#include "sched/link.h"

#include <stdint.h>

/* Frames up to this are read whatever is spent. */
#define E3_BUDGET_TINY ((size_t) 256)

/* And these, if their connection holds no more than that. */
#define E3_BUDGET_SMALL ((size_t) 16 << 10)
#define E3_BUDGET_ALLOWANCE ((size_t) 256 << 10)

typedef struct E3Budget
{
	size_t limit;
	size_t used;
	E3Link waiting; /* E3Share */
} E3Budget;

/* What one connection has of it. */
typedef struct E3Share
{
	E3Link link;	 /* among those that wait */
	size_t *party;	 /* what its party's shares have together */
	size_t counted;	 /* of the connection's memory, as it was counted last */
	size_t reserved; /* for the frame that is being read */
	size_t wanted;	 /* while it waits */
} E3Share;

extern void e3_budget_init(E3Budget *budget, size_t limit);
/* "party" is 0 for a party without shares; it outlives them. */
extern void e3_share_init(E3Share *share, size_t *party);

/* Counts a connection's memory anew, its reservation not included. */
extern void e3_budget_count(E3Budget *budget, E3Share *share, size_t bytes);

/*
 * Room for a frame of this length and its reply?  If not, the share waits in line.
 * Whoever holds no more than half of it while nobody else holds anything is always
 * let through, however large the frame.
 */
extern bool e3_budget_reserve(E3Budget *budget, E3Share *share, size_t frame);

/*
 * The frame has come, and turns out to want so many bytes with its reply: is there
 * room for what was not reserved?  Counts nothing.
 */
extern bool e3_budget_takes(const E3Budget *budget, const E3Share *share, size_t bytes);

/* The frame has become a request, or will not come now: leaves the line, too. */
extern void e3_budget_unreserve(E3Budget *budget, E3Share *share);

/* Gives all back, and leaves the line. */
extern void e3_budget_leave(E3Budget *budget, E3Share *share);

/*
 * The first in line whose party may have more, if there may be room for it now; NULL
 * if there is not.
 */
extern E3Share *e3_budget_next(E3Budget *budget);

#endif /* E3_BUDGET_H */
