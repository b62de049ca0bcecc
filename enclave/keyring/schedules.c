/*
 * keyring/schedules.c
 *	  Places for key schedules, and who has them.
 */
#include "keyring/schedules.h"

#include <stdlib.h>

static void
free_all(E3Schedules *schedules)
{
	for (uint32_t i = 0; i < schedules->count; i++)
		schedules->owners[i] = i + 1 < schedules->count ? i + 1 : E3_SCHEDULES_NONE;
	schedules->free = schedules->count > 0 ? 0 : E3_SCHEDULES_NONE;
	schedules->next = 0;
}

bool
e3_schedules_init(E3Schedules *schedules, void *at, size_t len, uint32_t count)
{
	*schedules = (E3Schedules){.at = at, .len = len, .count = count};
	schedules->owners = calloc(count, sizeof(uint32_t));
	if (schedules->owners == NULL && count > 0)
		return false;
	free_all(schedules);
	return true;
}

void
e3_schedules_free(E3Schedules *schedules)
{
	free(schedules->owners);
}

uint32_t
e3_schedules_take(E3Schedules *schedules, uint32_t owner)
{
	uint32_t place = schedules->free;

	if (place == E3_SCHEDULES_NONE)
		return E3_SCHEDULES_NONE;
	schedules->free = schedules->owners[place];
	schedules->owners[place] = owner;
	return place;
}

uint32_t
e3_schedules_turn(E3Schedules *schedules)
{
	uint32_t place = schedules->next;

	schedules->next = place + 1 < schedules->count ? place + 1 : 0;
	return place;
}

void
e3_schedules_drop(E3Schedules *schedules, uint32_t place)
{
	e3_wipe(e3_schedules_at(schedules, place), schedules->len);
	schedules->owners[place] = schedules->free;
	schedules->free = place;
}

void
e3_schedules_clear(E3Schedules *schedules)
{
	free_all(schedules);
}
