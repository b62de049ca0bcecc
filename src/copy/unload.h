/*
 * copy/unload.h
 *	  COPY TO ... DECRYPT: the COPY of a query that calls decrypt().
 */
#ifndef EVC_COPY_UNLOAD_H
#define EVC_COPY_UNLOAD_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

/*
 * Makes the statement, whose option DECRYPT has been taken out, one that copies a
 * query.  Settings under which it is to run are in force until
 * evc_copy_unload_end, or the end of the transaction.
 */
extern int evc_copy_unload_begin(ParseState *pstate, CopyStmt *stmt,
								 const DefElem *columns);
extern void evc_copy_unload_end(int nest_level);

#endif /* EVC_COPY_UNLOAD_H */
