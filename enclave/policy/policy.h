/*
 * policy/policy.h
 *	  Who may do what: rules read from a file into an immutable snapshot.
 *
 *	  file --parse--> E3Policy --published--> e3_policy_decide --> E3Grant, or a refusal
 *
 * Rules only allow.  A request is granted by every rule that covers peer, right,
 * app and credential; what none covers is refused.  The data role of a ciphertext is
 * known when it has been opened: the grant then says whether its rules cover that.
 * A snapshot is swapped whole, and a request keeps the one that it began with.
 */
#ifndef E3_POLICY_H
#define E3_POLICY_H

#include "base/identity.h"
#include "policy/token.h"
#include "wire/limits.h"

#include <limits.h>

/* Bounds of the file. */
#define E3_POLICY_FILE_MAX (256 << 10)
#define E3_POLICY_RULES_MAX 256
#define E3_POLICY_ISSUERS_MAX 16
#define E3_POLICY_QUOTAS_MAX 64
#define E3_POLICY_WORDS_MAX 64 /* of one list of a section */
#define E3_POLICY_NAME_MAX 63  /* of a section */
#define E3_QUOTA_MAX 1000000000u

/* Peers that a rule or quota is for. */
typedef struct E3Peers
{
	bool any;
	uint32_t count;
	E3Identity *list;
} E3Peers;

/* App names, or roles; "none" is that of a ciphertext without a role. */
typedef struct E3Words
{
	bool any;
	bool none;
	uint32_t count;
	char (*list)[EVW_APP_MAX + 1];
} E3Words;

typedef struct E3Rule
{
	char name[E3_POLICY_NAME_MAX + 1];
	unsigned line;
	E3Peers peers;
	unsigned rights; /* bit set of E3Right */
	E3Words apps;
	E3Words roles;
	E3Words credentials; /* names of issuers, of which one is demanded */
	uint32_t issuers;	 /* the same as a bit set of their numbers; 0: none */
} E3Rule;

/* How many values a peer may have worked on; 0: as many as it likes. */
typedef struct E3Quota
{
	char name[E3_POLICY_NAME_MAX + 1];
	unsigned line;
	E3Peers peers;
	unsigned rights; /* bit set of E3Right: what counts */
	uint32_t per_second;
	uint32_t burst; /* that may come at once; given with per_second */
	uint32_t per_day;
} E3Quota;

typedef struct E3Policy
{
	uint64_t serial; /* no other snapshot of this process has it */
	uint32_t n_rules;
	E3Rule *rules;
	uint32_t n_issuers;
	E3Issuer *issuers;
	uint32_t n_quotas;
	E3Quota *quotas;
} E3Policy;

/* What was wrong, as "file:line: cause". */
typedef struct E3PolicyError
{
	char text[PATH_MAX + 256];
} E3PolicyError;

/*
 * From memory; "name" is used in errors.  CONFIG with *error filled, or
 * OUT_OF_MEMORY.  The issuers' keys have names but are not loaded.
 */
extern EvwStatus e3_policy_parse(const char *text, size_t len, const char *name,
								 E3Policy **policy, E3PolicyError *error) EVW_MUST_USE;

/* From a file that nobody but root and ourselves can have written, with its keys. */
extern EvwStatus e3_policy_load(const char *path, E3Policy **policy,
								E3PolicyError *error) EVW_MUST_USE;

/* Says in the log how much of a policy there is; NULL: none. */
extern void e3_policy_log(const E3Policy *policy);

extern E3Policy *e3_policy_retain(E3Policy *policy);
extern void e3_policy_release(E3Policy *policy); /* NULL is fine */

/* Is this peer one of them? */
extern bool e3_peers_have(const E3Peers *peers, const E3Identity *peer);

/* Is this word one of them?  An empty one is "none". */
extern bool e3_words_have(const E3Words *words, EvwBytes word);

/* Where the current snapshot is; NULL if there is no policy.  For any thread. */
typedef struct E3PolicyHolder E3PolicyHolder;

/* Both take over the caller's reference. */
extern E3PolicyHolder *e3_policy_holder_new(E3Policy *first);
extern void e3_policy_swap(E3PolicyHolder *holder, E3Policy *next);
extern E3Policy *e3_policy_acquire(E3PolicyHolder *holder);
extern void e3_policy_holder_free(E3PolicyHolder *holder);

#endif /* E3_POLICY_H */
