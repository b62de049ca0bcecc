/*
 * main_workers.h
 *	  E3's workers: threads that answer requests.
 */
#ifndef E3_MAIN_WORKERS_H
#define E3_MAIN_WORKERS_H

#include "config.h"
#include "rpc/rpc.h"
#include "sched/pool.h"

/* Starts them; NULL if threads or their memory cannot be had.  "shared" outlives them. */
extern E3Pool *e3_workers_start(const E3Config *config, E3RpcShared *shared);

#endif /* E3_MAIN_WORKERS_H */
