/*
 * audit/verify.h
 *	  Reading an audit log: is it whole?
 */
#ifndef E3_AUDIT_VERIFY_H
#define E3_AUDIT_VERIFY_H

#include "audit/chain.h"

#include <stdio.h>

/* Where a log's head lies: beside it. */
#define E3_AUDIT_HEAD_SUFFIX ".head"

/* Two heads, written by turns: one of them is always whole. */
#define E3_AUDIT_HEAD_SLOTS 2
#define E3_AUDIT_HEAD_SIZE (E3_AUDIT_HEAD_SLOTS * E3_AUDIT_FIXED_MAX)

typedef struct E3AuditReader
{
	const E3AuditKey *key;
	E3AuditChain chain; /* so far */
	bool begun;			/* a file's first line has been read: the next follows on */
	uint64_t first;		/* number of the first record of the first file */
	uint64_t line;		/* number of the line at hand, from 1 */
	E3AuditChain until; /* a place to be passed: last and MAC must agree there ... */
	bool passed;		/* ... and did; also when it is where a file begins */
	const char *cause;	/* what is wrong; NULL: nothing */
	uint64_t torn;		/* bytes of a last line without an end */
} E3AuditReader;

/* Reads a whole log, which goes on from the one before, if there was one. */
extern bool e3_audit_read(E3AuditReader *reader, FILE *file);

/*
 * Reads the heads, of which the later one counts; NULL, or what is wrong with both.
 * "bytes" is the whole file.
 */
extern const char *e3_audit_read_heads(const E3AuditKey *key, EvwBytes bytes,
									   E3AuditChain *head);

#endif /* E3_AUDIT_VERIFY_H */
