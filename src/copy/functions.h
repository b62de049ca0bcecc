/*
 * copy/functions.h
 *	  The extension's functions, and who may execute them.
 */
#ifndef EVC_COPY_FUNCTIONS_H
#define EVC_COPY_FUNCTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Does the type have a binary form that can be read? */
extern bool evc_copy_has_receive(Oid type);

/*
 * Raises 42501 unless the current user may execute encrypt() for the type of each
 * plaintext in a list of EvcCopyColumn.
 */
extern void evc_copy_check_encrypt(List *columns);

/* The same of decrypt() and decrypt_as(). */
extern void evc_copy_check_decrypt(List *columns);

#endif /* EVC_COPY_FUNCTIONS_H */
