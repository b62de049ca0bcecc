/*
 * custody/pkcs11_private.h
 *	  A conversation with a PKCS #11 token: logged in, its wrapping key found.
 */
#ifndef E3_PKCS11_PRIVATE_H
#define E3_PKCS11_PRIVATE_H

#include "custody/device.h"

#include <p11-kit/pkcs11.h>

typedef struct E3Token
{
	CK_FUNCTION_LIST *call; /* NULL: no module that is initialised */
	CK_SESSION_HANDLE session;
	bool has_session;
	CK_OBJECT_HANDLE key;
	E3CustodyCause *cause;
} E3Token;

/*
 * Loads the module, finds the token by its label, logs in with the PIN of the file,
 * finds the key by its label.  e3_token_end is due whatever is returned.  CUSTODY_ABSENT
 * without module or token, CUSTODY_REFUSED for PIN and key, PASSPHRASE if there is no
 * PIN to be read.
 */
extern EvwStatus e3_token_begin(E3Token *token, const E3CustodyConfig *config,
								E3CustodyCause *cause) EVW_MUST_USE;

/* Logs out, and ends what the module holds. */
extern void e3_token_end(E3Token *token);

/* CUSTODY_ABSENT or CUSTODY_REFUSED for what is not CKR_OK, with the cause filled in. */
extern EvwStatus e3_token_status(E3Token *token, CK_RV rv, const char *call) EVW_MUST_USE;

#endif /* E3_PKCS11_PRIVATE_H */
