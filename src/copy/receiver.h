/*
 * copy/receiver.h
 *	  COPY TO ... DECRYPT: between the query that reads ciphertext and the COPY that
 *	  writes plaintext.
 *
 *	  query -> rows -> E3 -> rows -> COPY
 */
#ifndef EVC_COPY_RECEIVER_H
#define EVC_COPY_RECEIVER_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * The COPY of a query that core is about to execute gets these of its columns
 * decrypted: a list of EvcCopyColumn whose numbers are those of the query.  Of the
 * query's "n_columns" the first "n_copied" are copied; the others are for contexts.
 * Returns what is to be given to evc_receiver_end.
 */
extern struct EvcUnload *evc_receiver_begin(int n_copied, int n_columns, List *columns);

/* Core is done, or has failed.  Was it core that executed it? */
extern bool evc_receiver_end(struct EvcUnload *unload);

/* For _PG_init. */
extern void evc_receiver_init(void);

#endif /* EVC_COPY_RECEIVER_H */
