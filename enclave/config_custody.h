/*
 * config_custody.h
 *	  [keyring]: who keeps the key that wraps the keyring.
 */
#ifndef E3_CONFIG_CUSTODY_H
#define E3_CONFIG_CUSTODY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define E3_CUSTODY_TEXT_MAX 128

/* As in the keyring file's header. */
typedef enum E3CustodyKind
{
	E3_CUSTODY_PASSPHRASE = 1,
	E3_CUSTODY_TPM = 2,
	E3_CUSTODY_PKCS11 = 3
} E3CustodyKind;

/*
 * What is said of one custody may stand there while another is in use, so that the
 * keyring can be sealed for it.
 */
typedef struct E3CustodyConfig
{
	E3CustodyKind kind;						/* custody=; default: passphrase */
	char tpm[E3_CUSTODY_TEXT_MAX];			/* a TCTI, as tss2 names them */
	uint32_t tpm_pcrs;						/* bit set of PCRs, 0 to 23; 0: not given */
	char pkcs11_module[PATH_MAX];			/* library of the token; empty: not given */
	char pkcs11_token[E3_CUSTODY_TEXT_MAX]; /* its label */
	char pkcs11_key[E3_CUSTODY_TEXT_MAX];	/* label of the AES key in it */
	char pkcs11_pin_file[PATH_MAX];			/* as a passphrase's */
} E3CustodyConfig;

#define E3_CUSTODY_PCRS 24
#define E3_CUSTODY_TPM_DEFAULT "device:/dev/tpmrm0"

/* "passphrase", "tpm", "pkcs11"; NULL for a number that is no kind. */
extern const char *e3_config_custody_name(E3CustodyKind kind);

/* False if it is none of them. */
extern bool e3_config_custody_kind(const char *name, E3CustodyKind *kind);

/* Name of a key that this custody needs and that is not given; NULL if there is none. */
extern const char *e3_config_custody_lacks(const E3CustodyConfig *config,
										   E3CustodyKind kind);

#endif /* E3_CONFIG_CUSTODY_H */
