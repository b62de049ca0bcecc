/*
 * net/server.h
 *	  The network thread: accepts, reads, hands on, answers, drains.
 */
#ifndef E3_SERVER_H
#define E3_SERVER_H

#include "config.h"
#include "rpc/rpc.h"
#include "sched/pool.h"
#include "tls/context.h"

/* All borrowed, and alive until e3_server_run returns. */
typedef struct E3ServerSetup
{
	E3Config *config;	 /* RELOAD changes its log level and access list */
	E3TlsContext *tls;	 /* NULL: no TLS */
	E3RpcShared *shared; /* what workers share: for HEALTH and STATS */
	E3Pool *pool;		 /* NULL: there are no keys yet, and "begin" makes it */
	/*
	 * Called by the network thread when "opened_fd" has something to read: keys are
	 * open, or it fails, and that ends the server.  Until then every request is refused,
	 * and nobody is taken in over TLS.
	 */
	EvwStatus (*begin)(void *context, E3Pool **pool);
	void *context;
	int opened_fd;
	const char *backend; /* cryptographic libraries, for HEALTH */
	int signal_fd;		 /* SIGTERM and SIGINT drain, SIGHUP reloads */
} E3ServerSetup;

/*
 * Serves until a signal says stop and what was begun is finished, or the drain
 * time is over.  The pool has been stopped when it returns.  Fails only before
 * it has worked for anybody.
 */
extern EvwStatus e3_server_run(const E3ServerSetup *setup) EVW_MUST_USE;

#endif /* E3_SERVER_H */
