/*
 * sched/link.h
 *	  Doubly linked rings: a member is taken out without a search.
 *
 * A ring's head is a link of its own.  A member that is in no ring is linked to
 * itself, so it may be taken out twice.
 */
#ifndef E3_LINK_H
#define E3_LINK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct E3Link
{
	struct E3Link *prev;
	struct E3Link *next;
} E3Link;

/* The struct that has this link as that member. */
#define E3_LINK_OWNER(type, member, link)                                                \
	((type *) ((char *) (link) -offsetof(type, member)))

static inline void
e3_link_init(E3Link *link)
{
	link->prev = link;
	link->next = link;
}

static inline bool
e3_link_alone(const E3Link *link)
{
	return link->next == link;
}

static inline void
e3_link_take_out(E3Link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	e3_link_init(link);
}

/* At the end of a ring; the link is in none. */
static inline void
e3_link_append(E3Link *head, E3Link *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* The ring's first member, which becomes its last; NULL if it is empty. */
static inline E3Link *
e3_link_rotate(E3Link *head)
{
	E3Link *first = head->next;

	if (first == head)
		return NULL;
	e3_link_take_out(first);
	e3_link_append(head, first);
	return first;
}

#endif /* E3_LINK_H */
