/*
 * policy/token_key.h
 *	  A token taken apart, and its signature; the only file that knows the JOSE
 *	  library and OpenSSL's form of a key.  For policy/token.c alone.
 */
#ifndef E3_TOKEN_KEY_H
#define E3_TOKEN_KEY_H

#include "policy/token.h"

typedef struct E3SignedToken E3SignedToken;

/*
 * Of a token whose form has been checked; NULL, and *cause, if its header is not
 * that of an ES256 signature and nothing else.  "payload" lies in the token, and is
 * not to be believed yet.
 */
extern E3SignedToken *e3_signed_token_parse(EvwBytes token, const char **cause,
											EvwBytes *payload) EVW_MUST_USE;
extern bool e3_signed_token_verify(E3SignedToken *token,
								   const E3TokenKey *key) EVW_MUST_USE;
extern void e3_signed_token_free(E3SignedToken *token);

#endif /* E3_TOKEN_KEY_H */
