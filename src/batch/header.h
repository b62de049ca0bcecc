/*
 * batch/header.h
 *	  The header of a batch's request: whose it is, and what it is to make.
 */
#ifndef EVC_HEADER_H
#define EVC_HEADER_H

#include "postgres.h"

#include "batch/batch.h"
#include "wire/limits.h"

/* What a header points to, which must stay until its request is answered. */
typedef struct EvcHeaderTexts
{
	char app[EVW_APP_MAX + 1];
	char label[EVW_LABEL_MAX + 1];
	char role[EVW_ROLE_MAX + 1];
	char *credential; /* palloc'd; NULL: none */
} EvcHeaderTexts;

/*
 * By the settings of now, with a credential in "context"; "curve" is that of ciphertexts
 * which are decrypted.  Raises what the settings' accessors do.
 */
extern void evc_header_fill(EvcHeaderTexts *texts, MemoryContext context,
							EvcBatchKind kind, EvwCurve curve, EvwRequestHeader *header);

/* Overwrites the credential: its memory is about to go. */
extern void evc_header_wipe(EvcHeaderTexts *texts);

#endif /* EVC_HEADER_H */
