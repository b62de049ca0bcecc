/*
 * policy/decide.h
 *	  Is a request allowed, and by which rules?
 */
#ifndef E3_DECIDE_H
#define E3_DECIDE_H

#include "policy/principal.h"

/* Why not, for people: names rules, never data. */
#define E3_REASON_MAX 256

typedef struct E3Ask
{
	E3Principal *who;
	E3Right right;
	EvwBytes app;		 /* empty with ADMINISTER */
	bool has_role;		 /* it is known which data role it is about ... */
	EvwBytes role;		 /* ... which may be none */
	EvwBytes credential; /* empty: none was shown */
} E3Ask;

/* What allows a request; zeroed: there is no policy, and all is allowed. */
typedef struct E3Grant
{
	E3Policy *policy;						  /* a reference */
	uint64_t rules[E3_POLICY_RULES_MAX / 64]; /* bit set: those that allow it */
	bool every_role;						  /* one of them names no roles */
	char subject[E3_TOKEN_SUBJECT_MAX + 1];	  /* of the credential; empty: none */
	char rule[E3_POLICY_NAME_MAX + 1];		  /* the first of them */
	unsigned line;
} E3Grant;

/*
 * OK, and then the grant holds a reference to the policy, which may be NULL; or
 * POLICY_REFUSED, CREDENTIAL_..., with "reason" filled and grant->rule being the one
 * that came closest, if any is for this peer.
 */
extern EvwStatus e3_policy_decide(E3Policy *policy, const E3Ask *ask, E3Grant *grant,
								  char reason[E3_REASON_MAX]) EVW_MUST_USE;

/* Do the rules of the grant cover this data role; empty: none? */
extern bool e3_grant_covers(const E3Grant *grant, EvwBytes role);

extern void e3_grant_release(E3Grant *grant);

/* May this peer see that the app is there: is any rule for both? */
extern bool e3_policy_shows(const E3Policy *policy, const E3Identity *peer, EvwBytes app);

/* Is any rule for this peer? */
extern bool e3_policy_knows(const E3Policy *policy, const E3Identity *peer);

#endif /* E3_DECIDE_H */
