/*
 * attest/root.h
 *	  Roots of trust: which certificate evidence must go back to.
 */
#ifndef EVC_ATTEST_ROOT_H
#define EVC_ATTEST_ROOT_H

#include "attest/verify.h"

/* Longest file that is read for a root. */
#define EVC_ROOT_FILE_MAX 16384

/* SHA-256 of the DER of AWS's "aws.nitro-enclaves" root, G1, valid until 2049. */
extern const uint8_t evc_root_nitro[EVC_PIN_LEN];

/*
 * The pin of the one certificate in a PEM file.  NULL, or what is wrong, a few words;
 * errno says more if that is EVC_ROOT_UNREADABLE.
 */
#define EVC_ROOT_UNREADABLE "cannot be read"
extern const char *evc_root_read(const char *path, uint8_t pin[EVC_PIN_LEN]);

#endif /* EVC_ATTEST_ROOT_H */
