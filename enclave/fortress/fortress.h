/*
 * fortress/fortress.h
 *	  Shuts E3's process off, step by step as it starts.
 *
 *	  configuration, memory -> e3_fortress_begin
 *	  policy, keyring       -> e3_fortress_close_paths   before the first thread
 *	  threads, listeners    -> e3_fortress_close_calls   before anybody is served
 *
 * A process is one fortress.  What the kernel does not have, and what the configuration
 * leaves out, is missing from what is granted, which HEALTH tells.  What the
 * configuration demands and is missing is an error.  Nothing is ever opened up again.
 */
#ifndef E3_FORTRESS_H
#define E3_FORTRESS_H

#include "base/isolation.h"
#include "wire/status.h"

/* A file that E3 opens while it serves; others may be put in its place by then. */
typedef struct E3FortressPath
{
	const char *path; /* absolute; empty: none */
	bool written;	  /* made, written and removed, not only read */
} E3FortressPath;

/*
 * Privileges, code, and memory for secrets: after e3_secret_init and before there is a
 * secret or another thread.  Sets of E3_ISOLATION_BITs say what the configuration
 * leaves out and what it demands.  INTERNAL if memory is in no state to go on with.
 */
extern EvwStatus e3_fortress_begin(uint32_t left_out, uint32_t demanded) EVW_MUST_USE;

/*
 * From now on this thread, and those that it makes, open nothing but what lies in the
 * directories of these files, and /etc, where users have their names.
 */
extern void e3_fortress_close_paths(const E3FortressPath *paths, size_t n);

/*
 * From now on all threads of the process make no system call but those that serving
 * takes: any other ends the process by SIGSYS.  Says in the log what is granted, and
 * what is missing; CONFIG if any of that was demanded.
 */
extern EvwStatus e3_fortress_close_calls(void) EVW_MUST_USE;

/* What is granted, as a set; all else is missing.  For any thread, once calls are closed.
 */
extern uint32_t e3_fortress_granted(void);

#endif /* E3_FORTRESS_H */
