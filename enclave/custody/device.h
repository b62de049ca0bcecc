/*
 * custody/device.h
 *	  What a kind of device can do.  One file a kind; a build without its library has
 *	  none of it.
 */
#ifndef E3_CUSTODY_DEVICE_H
#define E3_CUSTODY_DEVICE_H

#include "custody/custody.h"

/* What went wrong, for an administrator. */
typedef struct E3CustodyCause
{
	char text[E3_CUSTODY_CAUSE_MAX];
} E3CustodyCause;

/* What a device is asked with. */
typedef struct E3CustodyAsk
{
	const E3CustodyConfig *config;
	const E3AttestSetup *evidence; /* for who releases a key against it */
	E3CustodyCause *cause;
} E3CustodyAsk;

/* Keys are of E3_CUSTODY_KEY_LEN bytes in locked memory. */
typedef struct E3CustodyDevice
{
	/* Appends a blob from which "open" makes the key again. */
	EvwStatus (*seal)(const E3CustodyAsk *ask, const uint8_t *key, EvwBuf *blob);
	EvwStatus (*open)(const E3CustodyAsk *ask, EvwBytes blob, uint8_t *key);
} E3CustodyDevice;

#ifdef E3_WITH_TPM
extern const E3CustodyDevice e3_custody_tpm;
#endif
#ifdef E3_WITH_PKCS11
extern const E3CustodyDevice e3_custody_pkcs11;
#endif
#ifdef E3_WITH_KMS
extern const E3CustodyDevice e3_custody_kms;
#endif

/* Fills the cause in; returns the status, for "return e3_custody_fail(...)". */
__attribute__((format(printf, 3, 4))) extern EvwStatus
e3_custody_fail(E3CustodyCause *cause, EvwStatus status, const char *format, ...);

#endif /* E3_CUSTODY_DEVICE_H */
