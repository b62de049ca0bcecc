/*
 * audit/audit.h
 *	  The audit while E3 runs: records from any thread, one writer.
 *
 *	  e3_audit_write --> queue --> writer: lines, then the head --> whoever waits
 *	  e3_audit_post  -->
 *
 * The writer takes all that waits as one group: one write, one sync if that is asked
 * for, one head.  A group is there whole or not at all.
 *
 * Where the audit cannot be written, "closed" refuses what waits for its record, and
 * otherwise the record is dropped and counted, and the next one that can be written
 * says how many were.
 */
#ifndef E3_AUDIT_H
#define E3_AUDIT_H

#include "audit/chain.h"
#include "audit/record.h"

/* Records that may wait to be written. */
#define E3_AUDIT_QUEUE_MAX 4096

/* How long a request waits for its record, in milliseconds. */
#define E3_AUDIT_WAIT_MS 5000

typedef struct E3AuditSetup
{
	const char *path;
	bool closed; /* refuse what cannot be recorded */
	bool sync;	 /* a record is on the disk before its request is answered */
} E3AuditSetup;

typedef struct E3Audit E3Audit;

/*
 * Opens the log or makes one, finds the chain's end and starts the writer; takes over
 * the key, also on failure.  AUDIT_LOG with "cause" filled, or OUT_OF_MEMORY.
 */
extern EvwStatus e3_audit_start(const E3AuditSetup *setup, E3AuditKey *key,
								E3Audit **audit, char cause[256]) EVW_MUST_USE;

/* Writes what waits, ends the writer and frees; NULL is fine. */
extern void e3_audit_stop(E3Audit *audit);

extern const E3AuditKey *e3_audit_key(const E3Audit *audit);

/*
 * Waits, if the audit is closed, until the record is written: AUDIT_FAILED if it could
 * not be.  Not for the network thread.
 */
extern EvwStatus e3_audit_write(E3Audit *audit, const E3AuditRecord *record) EVW_MUST_USE;

/* Does not wait. */
extern void e3_audit_post(E3Audit *audit, const E3AuditRecord *record);

/* The log may have been moved away: the next record goes on in a new file, if so. */
extern void e3_audit_reopen(E3Audit *audit);

/* Number of the last record written, and records that were dropped. */
extern void e3_audit_counts(E3Audit *audit, uint64_t *last, uint64_t *dropped);

#endif /* E3_AUDIT_H */
