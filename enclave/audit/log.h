/*
 * audit/log.h
 *	  The audit's two files: the log, which grows, and the head beside it.
 *
 * For one thread at a time.
 */
#ifndef E3_AUDIT_LOG_H
#define E3_AUDIT_LOG_H

#include "audit/chain.h"

#include <limits.h>
#include <sys/types.h>

typedef struct E3AuditLog
{
	const E3AuditKey *key;
	char path[PATH_MAX];
	bool sync;
	int fd; /* -1: not open */
	int head_fd;
	off_t size;	   /* of what is good in the log */
	bool dirty;	   /* there may be more than that */
	unsigned slot; /* of the head that is written next */
	E3AuditChain chain;
} E3AuditLog;

/*
 * Opens or makes both, which are this process's alone until it closes them: a lock on the
 * head keeps every other one out.  What a writer that was killed left unfinished at the
 * end is cut off.  AUDIT_LOG, and "cause" says what is wrong, if the log does not fit its
 * head.
 */
extern EvwStatus e3_audit_log_open(E3AuditLog *log, const char *path,
								   const E3AuditKey *key, bool sync,
								   char cause[256]) EVW_MUST_USE;
extern void e3_audit_log_close(E3AuditLog *log);

/*
 * Appends lines that the chain "after" ends with, and moves the head there.  On failure
 * (errno) the log is as it was, unless only the head could not be written.
 */
extern bool e3_audit_log_append(E3AuditLog *log, EvwBytes lines,
								const E3AuditChain *after) EVW_MUST_USE;

/* Goes on in a new file if there is none of this name any more: then *moved. */
extern bool e3_audit_log_reopen(E3AuditLog *log, bool *moved) EVW_MUST_USE;

#endif /* E3_AUDIT_LOG_H */
