/*
 * custody/pkcs11.c
 *	  A key wrapped by an AES key that does not leave its token: CKM_AES_KEY_WRAP
 *	  (PKCS #11 v3.0, 6.11; RFC 3394).
 *
 *	  blob: version 1; the wrapped key
 */
#include "custody/pkcs11_private.h"

#include "base/secret.h"

#include <string.h>

#define BLOB_VERSION 1
#define WRAPPED_LEN (E3_CUSTODY_KEY_LEN + 8)

static CK_MECHANISM wrapping = {CKM_AES_KEY_WRAP, NULL, 0};

/* An object that lives as long as the session, and may be read. */
#define OURS                                                                             \
	{CKA_CLASS, &class, sizeof(class)}, {CKA_KEY_TYPE, &type, sizeof(type)},             \
		{CKA_TOKEN, &no, sizeof(no)}, {CKA_SENSITIVE, &no, sizeof(no)},                  \
	{                                                                                    \
		CKA_EXTRACTABLE, &yes, sizeof(yes)                                               \
	}
#define N_OURS 5

static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
static CK_KEY_TYPE type = CKK_AES;
static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static EvwStatus
wrap(E3Token *token, const uint8_t *key, EvwBuf *blob)
{
	/* What a template points to is only read. */
	CK_ATTRIBUTE template[] = {OURS, {CKA_VALUE, (void *) key, E3_CUSTODY_KEY_LEN}};
	uint8_t wrapped[WRAPPED_LEN];
	CK_ULONG len = sizeof(wrapped);
	const uint8_t version = BLOB_VERSION;
	CK_OBJECT_HANDLE object;
	CK_RV rv = token->call->C_CreateObject(token->session, template, N_OURS + 1, &object);

	if (rv != CKR_OK)
		return e3_token_status(token, rv, "C_CreateObject");
	rv = token->call->C_WrapKey(token->session, &wrapping, token->key, object, wrapped,
								&len);
	(void) token->call->C_DestroyObject(token->session, object);
	if (rv != CKR_OK)
		return e3_token_status(token, rv, "C_WrapKey");
	evw_buf_append(blob, &version, 1);
	evw_buf_append(blob, wrapped, len);
	return EVW_OK;
}

static EvwStatus
seal(const E3CustodyAsk *ask, const uint8_t *key, EvwBuf *blob)
{
	E3Token token;
	EvwStatus status = e3_token_begin(&token, ask->config, ask->cause);

	if (status == EVW_OK)
		status = wrap(&token, key, blob);
	e3_token_end(&token);
	return status;
}

static EvwStatus
unwrap(E3Token *token, EvwBytes wrapped, uint8_t *key)
{
	CK_ATTRIBUTE template[] = {OURS};
	CK_ATTRIBUTE value = {CKA_VALUE, key, E3_CUSTODY_KEY_LEN};
	CK_OBJECT_HANDLE object;
	CK_RV rv = token->call->C_UnwrapKey(token->session, &wrapping, token->key,
										(CK_BYTE *) wrapped.data, wrapped.len, template,
										N_OURS, &object);

	/* Tokens have many codes for it, CKR_GENERAL_ERROR among them. */
	if (rv != CKR_OK)
		return e3_custody_fail(token->cause, EVW_CUSTODY_REFUSED,
							   "the token's key does not unwrap it: another key has "
							   "wrapped it, or it is damaged (0x%lx)",
							   (unsigned long) rv);
	rv = token->call->C_GetAttributeValue(token->session, object, &value, 1);
	(void) token->call->C_DestroyObject(token->session, object);
	if (rv != CKR_OK)
		return e3_token_status(token, rv, "C_GetAttributeValue");
	if (value.ulValueLen == E3_CUSTODY_KEY_LEN)
		return EVW_OK;
	return e3_custody_fail(token->cause, EVW_CUSTODY_REFUSED,
						   "what the token has wrapped is no key");
}

static EvwStatus
open_blob(const E3CustodyAsk *ask, EvwBytes blob, uint8_t *key)
{
	E3Token token;
	EvwStatus status;

	if (blob.len != 1 + WRAPPED_LEN || blob.data[0] != BLOB_VERSION)
		return e3_custody_fail(ask->cause, EVW_KEYRING_FORMAT,
							   "what the token wrapped is damaged");
	status = e3_token_begin(&token, ask->config, ask->cause);
	if (status == EVW_OK)
		status = unwrap(&token, (EvwBytes){blob.data + 1, blob.len - 1}, key);
	e3_token_end(&token);
	return status;
}

const E3CustodyDevice e3_custody_pkcs11 = {.seal = seal, .open = open_blob};
