/*
 * unit/pool_help.h
 *	  Workers without a state of their own, for what tests the scheduler.
 */
#ifndef POOL_HELP_H
#define POOL_HELP_H

#include "wire_help.h"

#include "sched/pool.h"

/* make_worker and free_worker: every worker has what is shared, which stays the test's.
 */
extern void *help_share(void *shared, const E3PoolThread *thread);
extern void help_unshare(void *shared);

#endif /* POOL_HELP_H */
