/*
 * rpc/admit.h
 *	  The one place where requests ask the policy, before keys or caches are touched.
 */
#ifndef E3_ADMIT_H
#define E3_ADMIT_H

#include "rpc/rpc.h"

/*
 * May this request be done?  OK, and call->grant says by which rules; or the status
 * of a refusal, with call->reason filled and call->retry_ms set.
 */
extern EvwStatus e3_admit(const E3RpcShared *shared, E3Call *call) EVW_MUST_USE;

/*
 * To be called with the outcome of a request before it is answered: makes the record
 * that the audit is due.  AUDIT_FAILED instead of OK if that must not fail, and does.
 */
extern EvwStatus e3_admit_end(E3Call *call, EvwStatus status) EVW_MUST_USE;

/* The network thread's own verbs: may this peer have all of STATS, and see this app? */
extern bool e3_admit_stats(const E3RpcShared *shared, E3Principal *who,
						   bool administrator);
extern bool e3_admit_app(const E3RpcShared *shared, const E3Identity *peer, EvwBytes app);

#endif /* E3_ADMIT_H */
