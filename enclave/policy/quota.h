/*
 * policy/quota.h
 *	  How many values each peer may still decrypt, re-encrypt or index.
 *
 * A second's share fills up as time passes, up to the burst; a day's begins with the
 * first value after the last one has ended, 24 hours later.  All of it is in memory: a
 * restart fills it up, a reload does not.  For any thread.
 */
#ifndef E3_QUOTA_H
#define E3_QUOTA_H

#include "policy/policy.h"

/* Peers that are counted at a time, once for each set of operations; one that has all of
 * its quota need not be. */
#define E3_QUOTA_PEERS_MAX 4096

typedef struct E3Quotas E3Quotas;

extern E3Quotas *e3_quotas_new(void);
extern void e3_quotas_free(E3Quotas *quotas); /* NULL is fine */

/* The first quota of the policy that is for this peer and right; NULL: none. */
extern const E3Quota *e3_quota_of(const E3Policy *policy, const E3Identity *peer,
								  E3Right right);

/*
 * Takes "count" values, or none of them: then QUOTA_EXCEEDED, and *retry_ms is when
 * they might be had, 0 for never at once; OUT_OF_MEMORY.  "now_ns" is the monotonic
 * clock.
 */
extern EvwStatus e3_quotas_take(E3Quotas *quotas, const E3Quota *quota,
								const E3Identity *peer, uint32_t count, uint64_t now_ns,
								uint32_t *retry_ms) EVW_MUST_USE;

#endif /* E3_QUOTA_H */
