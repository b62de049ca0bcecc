/*
 * custody/pkcs11_token.c
 *	  Finding a token and its key, and what its answers mean.
 */
#include "custody/pkcs11_private.h"

#include "base/file.h"
#include "base/secret.h"

#include <dlfcn.h>
#include <string.h>

#define SLOTS_MAX 64
#define PIN_MAX 255

EvwStatus
e3_token_status(E3Token *token, CK_RV rv, const char *call)
{
	switch (rv)
	{
		case CKR_PIN_INCORRECT:
		case CKR_PIN_LEN_RANGE:
		case CKR_PIN_INVALID:
			return e3_custody_fail(token->cause, EVW_CUSTODY_REFUSED,
								   "the token does not take this PIN");
		case CKR_PIN_LOCKED:
			return e3_custody_fail(token->cause, EVW_CUSTODY_REFUSED,
								   "the token's PIN is locked");
		case CKR_DEVICE_ERROR:
		case CKR_DEVICE_REMOVED:
		case CKR_TOKEN_NOT_PRESENT:
			return e3_custody_fail(token->cause, EVW_CUSTODY_ABSENT,
								   "PKCS #11: %s failed with 0x%lx", call,
								   (unsigned long) rv);
		default:
			return e3_custody_fail(token->cause, EVW_CUSTODY_REFUSED,
								   "PKCS #11: %s failed with 0x%lx", call,
								   (unsigned long) rv);
	}
}

/* The module stays: taking libraries out of a process that goes on is asking for it. */
static EvwStatus
load_module(E3Token *token, const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList list;
	CK_FUNCTION_LIST *call;
	CK_RV rv;

	if (module == NULL)
		return e3_custody_fail(token->cause, EVW_CUSTODY_ABSENT, "cannot load %s", path);
	*(void **) &list = dlsym(module, "C_GetFunctionList");
	if (list == NULL || list(&call) != CKR_OK)
		return e3_custody_fail(token->cause, EVW_CUSTODY_ABSENT,
							   "%s is no PKCS #11 module", path);
	rv = call->C_Initialize(NULL);
	if (rv != CKR_OK)
		return e3_custody_fail(token->cause, EVW_CUSTODY_ABSENT,
							   "PKCS #11: C_Initialize failed with 0x%lx",
							   (unsigned long) rv);
	token->call = call;
	return EVW_OK;
}

/* Labels are padded with blanks, and end without a NUL. */
static bool
has_label(const E3Token *token, CK_SLOT_ID slot, const char *label)
{
	CK_TOKEN_INFO info;
	size_t len = strlen(label);

	if (len > sizeof(info.label) || token->call->C_GetTokenInfo(slot, &info) != CKR_OK ||
		memcmp(info.label, label, len) != 0)
		return false;
	while (len < sizeof(info.label) && info.label[len] == ' ')
		len++;
	return len == sizeof(info.label);
}

static EvwStatus
open_session(E3Token *token, const char *label)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_SLOT_ID found = 0;
	CK_ULONG n_slots = SLOTS_MAX;
	CK_ULONG n_found = 0;
	CK_RV rv = token->call->C_GetSlotList(CK_TRUE, slots, &n_slots);

	if (rv != CKR_OK)
		return e3_token_status(token, rv, "C_GetSlotList");
	for (CK_ULONG i = 0; i < n_slots; i++)
		if (has_label(token, slots[i], label))
		{
			found = slots[i];
			n_found++;
		}
	if (n_found != 1)
		return e3_custody_fail(token->cause, EVW_CUSTODY_ABSENT,
							   "there are %lu tokens labelled \"%s\"",
							   (unsigned long) n_found, label);
	rv = token->call->C_OpenSession(found, CKF_SERIAL_SESSION, NULL, NULL,
									&token->session);
	if (rv != CKR_OK)
		return e3_token_status(token, rv, "C_OpenSession");
	token->has_session = true;
	return EVW_OK;
}

static EvwStatus
log_in(E3Token *token, const char *pin_file)
{
	const size_t size = PIN_MAX + 1;
	char *pin = e3_secret_alloc(size);
	EvwBuf text;
	EvwStatus status = EVW_OK;
	CK_RV rv;

	if (pin == NULL)
		return EVW_OUT_OF_MEMORY;
	evw_buf_fixed(&text, pin, size);
	if (e3_file_read(pin_file, E3_FILE_CREDENTIAL, size, &text) != E3_FILE_OK)
		text.len = 0;
	if (text.len > 0 && pin[text.len - 1] == '\n')
		text.len--;
	if (text.len == 0 || text.len > PIN_MAX)
		status = e3_custody_fail(token->cause, EVW_PASSPHRASE,
								 "pkcs11_pin_file: no PIN, or others may read it");
	else
	{
		rv = token->call->C_Login(token->session, CKU_USER, (CK_BYTE *) pin, text.len);
		if (rv != CKR_OK)
			status = e3_token_status(token, rv, "C_Login");
	}
	e3_secret_free(pin, size);
	return status;
}

static EvwStatus
find_key(E3Token *token, const char *label)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
							   {CKA_KEY_TYPE, &type, sizeof(type)},
							   {CKA_LABEL, (void *) label, strlen(label)}};
	CK_OBJECT_HANDLE found[2];
	CK_ULONG n_found = 0;
	CK_RV rv = token->call->C_FindObjectsInit(token->session, template, 3);

	if (rv == CKR_OK)
	{
		rv = token->call->C_FindObjects(token->session, found, 2, &n_found);
		(void) token->call->C_FindObjectsFinal(token->session);
	}
	if (rv != CKR_OK)
		return e3_token_status(token, rv, "C_FindObjects");
	if (n_found != 1)
		return e3_custody_fail(token->cause, EVW_CUSTODY_REFUSED,
							   "the token has %s AES key labelled \"%s\"",
							   n_found == 0 ? "no" : "more than one", label);
	token->key = found[0];
	return EVW_OK;
}

EvwStatus
e3_token_begin(E3Token *token, const E3CustodyConfig *config, E3CustodyCause *cause)
{
	EvwStatus status;

	*token = (E3Token){.cause = cause};
	status = load_module(token, config->pkcs11_module);
	if (status == EVW_OK)
		status = open_session(token, config->pkcs11_token);
	if (status == EVW_OK)
		status = log_in(token, config->pkcs11_pin_file);
	if (status == EVW_OK)
		status = find_key(token, config->pkcs11_key);
	return status;
}

void
e3_token_end(E3Token *token)
{
	if (token->call == NULL)
		return;
	if (token->has_session)
	{
		(void) token->call->C_Logout(token->session);
		(void) token->call->C_CloseSession(token->session);
	}
	(void) token->call->C_Finalize(NULL);
	token->call = NULL;
}
