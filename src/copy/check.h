/*
 * copy/check.h
 *	  What core checks before it copies, and what we check besides.
 */
#ifndef EVC_COPY_CHECK_H
#define EVC_COPY_CHECK_H

#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "utils/relcache.h"

/*
 * Raises what can be said before the table is opened: not on a standby, not while
 * parallel workers run, not the file or program that the user may not read or run.
 */
extern void evc_copy_check_command(const CopyStmt *stmt);

/*
 * Adds the target to the parse state, reads the WHERE clause, and raises what the
 * user may not do, or not now: privileges per column, row security, read-only.
 * Returns the clause as CopyFrom takes it.
 */
extern Node *evc_copy_check_target(ParseState *pstate, const CopyStmt *stmt, Relation rel,
								   List *copied);

/* Raises what is wrong with the kind of relation: nothing can be copied into it. */
extern void evc_copy_check_kind(Relation rel);

/*
 * Raises if a context needs a column whose value is not what will be stored: one that is
 * generated, or that a trigger may change.  "columns" are EvcCopyColumn.
 */
extern void evc_copy_check_bound(Relation rel, List *columns);

/* Raises if another extension has taken over COPY for this table. */
extern void evc_copy_check_taken(Relation rel);

#endif /* EVC_COPY_CHECK_H */
