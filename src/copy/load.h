/*
 * copy/load.h
 *	  COPY FROM ... ENCRYPT: core parses, core inserts, and in between a batch at
 *	  a time goes to E3.
 *
 *	  input -> inner COPY -> rows -> E3 -> rows -> outer COPY -> table
 *
 * The inner one parses with the types of the plaintext (copy/template.h).  The
 * outer one inserts; it takes what it reads for rows without fields, and the values
 * that are ready for defaults (copy/feed.h).
 */
#ifndef EVC_COPY_LOAD_H
#define EVC_COPY_LOAD_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "tcop/cmdtag.h"

/*
 * Executes the statement, whose option ENCRYPT has been taken out: "columns".
 * Fills "completion" unless it is NULL.
 */
extern void evc_copy_load(ParseState *pstate, CopyStmt *stmt, const DefElem *columns,
						  QueryCompletion *completion);

#endif /* EVC_COPY_LOAD_H */
