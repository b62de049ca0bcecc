/*
 * keyring/schedules.h
 *	  AES key schedules of some of the keys in the cache; for derived.c alone.
 *
 * To set up AES-GCM under a key costs more than to open a short value, so what that gives
 * is kept as well, of fewer keys, as it is thirty times as long.  Where more keys are
 * read one after the other than there are places, those that have one keep it as long as
 * they use it, instead of each pushing out one that would have been of use the next time.
 */
#ifndef E3_SCHEDULES_H
#define E3_SCHEDULES_H

#include "base/secret.h"

#define E3_SCHEDULES_NONE UINT32_MAX

typedef struct E3Schedules
{
	uint8_t *at;	  /* borrowed, in locked memory */
	size_t len;		  /* of one */
	uint32_t count;	  /* of places */
	uint32_t free;	  /* first that nobody has; NONE */
	uint32_t next;	  /* whose turn it is */
	uint32_t *owners; /* of each, its entry, or the next that is free */
} E3Schedules;

/* "count" places of "len" bytes at "at", none taken; false without memory. */
extern bool e3_schedules_init(E3Schedules *schedules, void *at, size_t len,
							  uint32_t count);
extern void e3_schedules_free(E3Schedules *schedules);

/* Gives a free place to this owner; NONE if there is none. */
extern uint32_t e3_schedules_take(E3Schedules *schedules, uint32_t owner);

/* The place whose turn it is to be looked at, if all are taken; there must be some. */
extern uint32_t e3_schedules_turn(E3Schedules *schedules);

/* Wipes the place, which is free. */
extern void e3_schedules_drop(E3Schedules *schedules, uint32_t place);

/* All are free; wiping them is left to the caller. */
extern void e3_schedules_clear(E3Schedules *schedules);

static inline uint8_t *
e3_schedules_at(const E3Schedules *schedules, uint32_t place)
{
	return schedules->at + place * schedules->len;
}

#endif /* E3_SCHEDULES_H */
