/*
 * custody/custody.h
 *	  The key that wraps the keyring, where a device keeps it.
 *
 * A device seals a key of ours: what comes out, the blob, stands in the keyring file,
 * and only that device gives the key back for it.  A key that has been opened stays in
 * locked memory, so that the keyring can be read and written anew without the device:
 * E3, once it serves, has no way to it any more.  A passphrase is no device:
 * keyring/wrap.h.
 */
#ifndef E3_CUSTODY_H
#define E3_CUSTODY_H

#include "attest/attester.h"
#include "config_custody.h"
#include "wire/buf.h"

#define E3_CUSTODY_KEY_LEN 32

/* Longest blob; a TPM's has about 300 bytes. */
#define E3_CUSTODY_BLOB_MAX 4096

#define E3_CUSTODY_CAUSE_MAX 192

typedef struct E3Custody E3Custody;

/*
 * A custody of this kind.  The configuration, and what the one of evidence points to, are
 * borrowed until e3_custody_close or _free.  NULL when out of memory; the device is not
 * asked yet.
 */
extern E3Custody *e3_custody_new(const E3CustodyConfig *config, E3CustodyKind kind,
								 const E3AttestSetup *evidence);

/* Wipes the key; NULL is fine. */
extern void e3_custody_free(E3Custody *custody);

extern E3CustodyKind e3_custody_kind(const E3Custody *custody);

/* From now on only the key that is open can be had. */
extern void e3_custody_close(E3Custody *custody);

/*
 * The key of this blob, in locked memory, valid until the next call.  Of the blob that
 * was opened or made last it is at hand; for any other the device is asked, or after
 * e3_custody_close there is KEYRING_RESEALED.  CUSTODY_ABSENT, CUSTODY_REFUSED,
 * OUT_OF_MEMORY; e3_custody_cause says more.
 */
extern EvwStatus e3_custody_open(E3Custody *custody, EvwBytes blob,
								 const uint8_t **key) EVW_MUST_USE;

/*
 * The key to write with, and its blob: those that are open, else new ones.  Fails like
 * e3_custody_open.
 */
extern EvwStatus e3_custody_writing(E3Custody *custody, EvwBytes *blob,
									const uint8_t **key) EVW_MUST_USE;

/* Of the last failure, one line, never any secret; "" if there is no more to say. */
extern const char *e3_custody_cause(const E3Custody *custody);

#endif /* E3_CUSTODY_H */
