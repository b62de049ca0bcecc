/*
 * audit/chain.h
 *	  The audit log's lines: numbered, MACed, each over the one before.
 *
 *	  evcrypt-audit 1 key=ID first=N chain=MAC mac=MAC        the first line of a file
 *	  seq=N time=... ... mac=MAC                              a record
 *
 *	  evcrypt-audit-head 1 key=ID last=N chain=MAC mac=MAC    the head, beside the log
 *
 * A record's MAC is over that of the record before it and over its own line up to
 * " mac=".  A file's first line says which MAC its first record follows: zeros, or the
 * last one of the file before.  The head says which record is the last, so that a tail
 * that was cut off is missed.  All in text, hex digits small.
 */
#ifndef E3_CHAIN_H
#define E3_CHAIN_H

#include "wire/buf.h"

#define E3_AUDIT_MAC_LEN 32
#define E3_AUDIT_ID_LEN 8
#define E3_AUDIT_LINE_MAX 4096 /* newline included */
#define E3_AUDIT_FIXED_MAX 256 /* the same of a file's first line, and of a head */

typedef struct E3AuditKey
{
	uint8_t mac[E3_AUDIT_MAC_LEN]; /* secret */
	uint8_t id[E3_AUDIT_ID_LEN];   /* which key it is, for everybody to see */
} E3AuditKey;

/* Where a chain ends. */
typedef struct E3AuditChain
{
	uint64_t last; /* number of the last record; 0: none yet */
	uint8_t mac[E3_AUDIT_MAC_LEN];
} E3AuditChain;

/* These append a line with its newline to "out"; look at out->status. */
extern void e3_chain_write_first(const E3AuditKey *key, const E3AuditChain *chain,
								 EvwBuf *out);
extern void e3_chain_write_head(const E3AuditKey *key, const E3AuditChain *chain,
								EvwBuf *out);

/*
 * "body" is what comes between the number and the MAC; the chain moves on.  False if
 * that fails, and then it has not.
 */
extern bool e3_chain_write_record(const E3AuditKey *key, E3AuditChain *chain,
								  EvwBytes body, EvwBuf *out) EVW_MUST_USE;

/*
 * These check a line, without its newline.  NULL, or what is wrong with it.  The chain
 * becomes that which the first line or the head says, or moves on over the record.
 */
extern const char *e3_chain_read_first(const E3AuditKey *key, EvwBytes line,
									   E3AuditChain *chain);
extern const char *e3_chain_read_head(const E3AuditKey *key, EvwBytes line,
									  E3AuditChain *chain);
extern const char *e3_chain_read_record(const E3AuditKey *key, EvwBytes line,
										E3AuditChain *chain);

extern bool e3_chain_equal(const E3AuditChain *a, const E3AuditChain *b);

#endif /* E3_CHAIN_H */
