/*
 * config_custody.h
 *	  [keyring]: who keeps the key that wraps the keyring.
 */
#ifndef E3_CONFIG_CUSTODY_H
#define E3_CONFIG_CUSTODY_H

#include "wire/endpoint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define E3_CUSTODY_TEXT_MAX 128

/* As in the keyring file's header. */
typedef enum E3CustodyKind
{
	E3_CUSTODY_PASSPHRASE = 1,
	E3_CUSTODY_TPM = 2,
	E3_CUSTODY_PKCS11 = 3,
	E3_CUSTODY_KMS = 4
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
	EvwEndpoint kms_endpoint;				/* host and port; no host: not given */
	char kms_region[E3_CUSTODY_TEXT_MAX];
	char kms_key[E3_CUSTODY_TEXT_MAX];	 /* what the KMS calls it: id, ARN or alias */
	char kms_credentials_file[PATH_MAX]; /* as a passphrase's */
	char kms_ca_file[PATH_MAX];			 /* PEM; empty: the system's */
	char kms_socket[108];				 /* that leads there; empty: none */
	uint32_t kms_timeout_ms;			 /* for one question, its connection included */
} E3CustodyConfig;

#define E3_CUSTODY_PCRS 24
#define E3_CUSTODY_TPM_DEFAULT "device:/dev/tpmrm0"
#define E3_CUSTODY_KMS_MS_MIN 100
#define E3_CUSTODY_KMS_MS_DEFAULT 10000
#define E3_CUSTODY_KMS_MS_MAX 120000

/* Every custody there is, for whoever is told that another one is not. */
#define E3_CUSTODY_NAMES "passphrase, tpm, pkcs11 or kms"

/* The name of one of them; NULL for a number that is no kind. */
extern const char *e3_config_custody_name(E3CustodyKind kind);

/* False if it is none of them. */
extern bool e3_config_custody_kind(const char *name, E3CustodyKind *kind);

/* Name of a key that this custody needs and that is not given; NULL if there is none. */
extern const char *e3_config_custody_lacks(const E3CustodyConfig *config,
										   E3CustodyKind kind);

#endif /* E3_CONFIG_CUSTODY_H */
