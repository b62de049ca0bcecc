/*
 * copy/unload.h
 *	  COPY TO ... DECRYPT: the COPY of a query.
 */
#ifndef EVC_COPY_UNLOAD_H
#define EVC_COPY_UNLOAD_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

typedef struct EvcUnloading
{
	struct EvcUnload *unload;
	int nest_level;
} EvcUnloading;

/*
 * Makes the statement, whose option DECRYPT has been taken out, one that copies a
 * query, and its columns' values be decrypted on the way (copy/receiver.h), while
 * core executes it.  Settings under which it is to run are in force until
 * evc_copy_unload_end, or the end of the transaction.
 */
extern void evc_copy_unload_begin(ParseState *pstate, CopyStmt *stmt,
								  const DefElem *option, EvcUnloading *unloading);
extern void evc_copy_unload_end(const EvcUnloading *unloading);

/* In place of evc_copy_unload_end where an error has been thrown. */
extern void evc_copy_unload_fail(const EvcUnloading *unloading);

#endif /* EVC_COPY_UNLOAD_H */
