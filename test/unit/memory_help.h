/*
 * unit/memory_help.h
 *	  Looking for a secret in the memory of the test itself.
 */
#ifndef MEMORY_HELP_H
#define MEMORY_HELP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Are these bytes anywhere in memory that this process can write?  They are given with
 * every bit the other way round, so that the question is no answer.
 */
extern bool help_memory_has(const uint8_t *inverted, size_t len);

/* Turns every bit round, in place. */
extern void help_invert(uint8_t *bytes, size_t len);

#endif /* MEMORY_HELP_H */
