/*
 * custody/custody.c
 *	  The key that is open, and the devices it comes from.
 */
#include "custody/custody.h"

#include "base/secret.h"
#include "crypto/random.h"
#include "custody/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct E3Custody
{
	const E3CustodyConfig *config; /* NULL: closed */
	E3AttestSetup evidence;
	E3CustodyKind kind;
	uint8_t *key; /* in the locked arena */
	EvwBuf blob;  /* that the key is of; empty: none is open */
	E3CustodyCause cause;
};

/* NULL if this build has none. */
static const E3CustodyDevice *
find_device(E3CustodyKind kind)
{
#ifdef E3_WITH_TPM
	if (kind == E3_CUSTODY_TPM)
		return &e3_custody_tpm;
#endif
#ifdef E3_WITH_PKCS11
	if (kind == E3_CUSTODY_PKCS11)
		return &e3_custody_pkcs11;
#endif
#ifdef E3_WITH_KMS
	if (kind == E3_CUSTODY_KMS)
		return &e3_custody_kms;
#endif
	(void) kind;
	return NULL;
}

EvwStatus
e3_custody_fail(E3CustodyCause *cause, EvwStatus status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) vsnprintf(cause->text, sizeof(cause->text), format, args);
	va_end(args);
	return status;
}

E3Custody *
e3_custody_new(const E3CustodyConfig *config, E3CustodyKind kind,
			   const E3AttestSetup *evidence)
{
	E3Custody *custody = calloc(1, sizeof(*custody));

	if (custody == NULL)
		return NULL;
	custody->config = config;
	custody->kind = kind;
	custody->evidence = *evidence;
	e3_buf_init(&custody->blob);
	custody->key = e3_secret_alloc(E3_CUSTODY_KEY_LEN);
	if (custody->key != NULL)
		return custody;
	e3_custody_free(custody);
	return NULL;
}

void
e3_custody_free(E3Custody *custody)
{
	if (custody == NULL)
		return;
	e3_secret_free(custody->key, E3_CUSTODY_KEY_LEN);
	e3_buf_release(&custody->blob);
	free(custody);
}

E3CustodyKind
e3_custody_kind(const E3Custody *custody)
{
	return custody->kind;
}

void
e3_custody_close(E3Custody *custody)
{
	custody->config = NULL;
}

const char *
e3_custody_cause(const E3Custody *custody)
{
	return custody->cause.text;
}

static bool
is_open(const E3Custody *custody, EvwBytes blob)
{
	return custody->blob.len > 0 && custody->blob.len == blob.len &&
		   memcmp(custody->blob.data, blob.data, blob.len) == 0;
}

/* The device to ask, and with what; nothing is open until it has answered. */
static EvwStatus
begin(E3Custody *custody, const E3CustodyDevice **device, E3CustodyAsk *ask)
{
	*ask = (E3CustodyAsk){custody->config, &custody->evidence, &custody->cause};
	custody->cause.text[0] = '\0';
	if (custody->config == NULL)
		return EVW_KEYRING_RESEALED;
	custody->blob.len = 0;
	*device = find_device(custody->kind);
	if (*device != NULL)
		return EVW_OK;
	return e3_custody_fail(&custody->cause, EVW_CUSTODY_ABSENT,
						   "this E3 is built without %s",
						   e3_config_custody_name(custody->kind));
}

EvwStatus
e3_custody_open(E3Custody *custody, EvwBytes blob, const uint8_t **key)
{
	const E3CustodyDevice *device;
	E3CustodyAsk ask;
	EvwStatus status;

	*key = custody->key;
	if (is_open(custody, blob))
		return EVW_OK;
	status = begin(custody, &device, &ask);
	if (status == EVW_OK)
		status = device->open(&ask, blob, custody->key);
	if (status != EVW_OK)
		return status;
	evw_buf_append(&custody->blob, blob.data, blob.len);
	return custody->blob.status;
}

EvwStatus
e3_custody_writing(E3Custody *custody, EvwBytes *blob, const uint8_t **key)
{
	const E3CustodyDevice *device;
	E3CustodyAsk ask;
	EvwStatus status = EVW_OK;

	*key = custody->key;
	if (custody->blob.len == 0)
	{
		status = begin(custody, &device, &ask);
		if (status == EVW_OK)
			status = e3_random(custody->key, E3_CUSTODY_KEY_LEN);
		if (status == EVW_OK)
			status = device->seal(&ask, custody->key, &custody->blob);
		if (status == EVW_OK)
			status = custody->blob.status;
		if (status == EVW_OK && custody->blob.len > E3_CUSTODY_BLOB_MAX)
			status = EVW_CRYPTO_FAILED;
		if (status != EVW_OK)
			custody->blob.len = 0;
	}
	*blob = (EvwBytes){custody->blob.data, custody->blob.len};
	return status;
}
