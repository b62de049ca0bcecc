/*
 * guc_credential.h
 *	  The setting evcrypt.credential, which nothing shows.
 */
#ifndef EVC_GUC_CREDENTIAL_H
#define EVC_GUC_CREDENTIAL_H

#include "postgres.h"

/* The token that requests carry; empty: none. */
extern char *evc_credential;

extern void evc_guc_credential_init(void);

#endif /* EVC_GUC_CREDENTIAL_H */
