/*
 * unit/pool_help.c
 *	  Workers without a state of their own.
 */
#include "pool_help.h"

void *
help_share(void *shared, const E3PoolThread *thread)
{
	(void) thread;
	return shared;
}

void
help_unshare(void *shared)
{
	(void) shared;
}
