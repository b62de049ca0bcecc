/*
 * policy/principal.h
 *	  The peer of one connection, as the policy sees it: who it is, and the
 *	  credential that it showed last.
 *
 * Requests of a connection hold it, as they may outlive that.  For any thread.
 */
#ifndef E3_PRINCIPAL_H
#define E3_PRINCIPAL_H

#include "policy/policy.h"

typedef struct E3Principal E3Principal;

/* With one reference; NULL when out of memory. */
extern E3Principal *e3_principal_new(const E3Identity *peer);
extern E3Principal *e3_principal_retain(E3Principal *principal);
extern void e3_principal_release(E3Principal *principal); /* NULL is fine */

extern const E3Identity *e3_principal_peer(const E3Principal *principal);

/*
 * Verifies a token against the policy's issuers; the one that was shown last is known
 * by its hash and not verified again, only looked at the clock for.  As e3_token_verify.
 */
extern EvwStatus e3_principal_verify(E3Principal *principal, const E3Policy *policy,
									 EvwBytes token, E3Claims *claims,
									 const char **cause) EVW_MUST_USE;

#endif /* E3_PRINCIPAL_H */
