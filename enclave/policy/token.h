/*
 * policy/token.h
 *	  Credentials: signed tokens (JWT, ES256) of issuers whose public keys a policy
 *	  names.
 *
 * A token is short-lived and says for whom it was issued, for which apps and rights.
 * Its form is checked before any library sees it, its signature before any claim is
 * believed but the one that says whose key to take.
 */
#ifndef E3_TOKEN_H
#define E3_TOKEN_H

#include "wire/buf.h"
#include "wire/limits.h"

#include <limits.h>

typedef enum E3Right
{
	E3_RIGHT_ENCRYPT,
	E3_RIGHT_DECRYPT,
	E3_RIGHT_BLIND_INDEX,
	E3_RIGHT_REENCRYPT,
	E3_RIGHT_ADMINISTER,
	E3_RIGHTS
} E3Right;

/* As rules and tokens write them, and back: E3_RIGHTS if it is none. */
extern const char *e3_right_name(E3Right right);
extern E3Right e3_right_named(const char *name);

#define E3_TOKEN_ISSUER_MAX 127 /* iss, aud */
#define E3_TOKEN_SUBJECT_MAX 127
#define E3_TOKEN_APPS_MAX 16
#define E3_TOKEN_KEYS_MAX 4
#define E3_TOKEN_LIFETIME_DEFAULT_S 3600
#define E3_TOKEN_LIFETIME_MAX_S 86400
#define E3_TOKEN_SKEW_DEFAULT_S 60
#define E3_TOKEN_SKEW_MAX_S 300

/* A public key on P-256. */
typedef struct E3TokenKey E3TokenKey;

typedef struct E3Issuer
{
	char name[64]; /* of the section */
	unsigned line;
	char issuer[E3_TOKEN_ISSUER_MAX + 1];	/* iss */
	char audience[E3_TOKEN_ISSUER_MAX + 1]; /* aud; empty: tokens have none */
	uint32_t lifetime_s;					/* longest from iat to exp */
	uint32_t skew_s;						/* that clocks may differ by */
	uint32_t n_keys;
	char key_files[E3_TOKEN_KEYS_MAX][PATH_MAX];
	E3TokenKey *keys[E3_TOKEN_KEYS_MAX];
} E3Issuer;

/* What a good token says. */
typedef struct E3Claims
{
	uint32_t issuer; /* number of */
	char subject[E3_TOKEN_SUBJECT_MAX + 1];
	int64_t not_before_s; /* nbf and exp, skew included */
	int64_t expires_s;
	unsigned rights;
	uint32_t n_apps;
	char apps[E3_TOKEN_APPS_MAX][EVW_APP_MAX + 1];
} E3Claims;

/* PEM of a public key; NULL if it is none on P-256. */
extern E3TokenKey *e3_token_key_new(EvwBytes pem);
extern void e3_token_key_free(E3TokenKey *key); /* NULL is fine */

/*
 * Reads and verifies; "now_s" is the time since 1970.  CREDENTIAL_INVALID,
 * CREDENTIAL_EXPIRED or OUT_OF_MEMORY; *cause then says why, without any of it.
 */
extern EvwStatus e3_token_verify(const E3Issuer *issuers, uint32_t n_issuers,
								 EvwBytes token, int64_t now_s, E3Claims *claims,
								 const char **cause) EVW_MUST_USE;

/* Is it the time for a token that has been verified? */
extern EvwStatus e3_token_time(const E3Claims *claims, int64_t now_s,
							   const char **cause) EVW_MUST_USE;

/* Do the claims cover this? */
extern bool e3_token_covers(const E3Claims *claims, E3Right right, EvwBytes app);

#endif /* E3_TOKEN_H */
