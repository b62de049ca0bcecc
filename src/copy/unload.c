/*
 * copy/unload.c
 *	  COPY TO ... DECRYPT: the COPY of a query.
 *
 * Core executes it, with all checks: of privileges by column, of row security, of
 * files.  What the user may not decrypt is our own affair.
 */
#include "postgres.h"

#include "copy/unload.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "commands/copy.h"
#include "nodes/makefuncs.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "compat_copy.h"
#include "copy/check.h"
#include "copy/functions.h"
#include "copy/options.h"
#include "copy/receiver.h"

/* Those that core copies as they are. */
static void
check_kind(Relation rel)
{
	char kind = rel->rd_rel->relkind;

	if (kind == RELKIND_RELATION || (kind == RELKIND_MATVIEW && EVC_COPIES_MATVIEWS))
		return;
	ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
			kind == RELKIND_PARTITIONED_TABLE
				? errmsg("cannot copy from partitioned table \"%s\"",
						 RelationGetRelationName(rel))
				: errmsg("cannot copy from \"%s\", which is not a table",
						 RelationGetRelationName(rel)),
			errhint("Use COPY (SELECT ... decrypt() ...) TO."));
}

static Node *
column_reference(const char *name)
{
	ColumnRef *reference = makeNode(ColumnRef);

	reference->fields = list_make1(makeString(pstrdup(name)));
	reference->location = -1;
	return (Node *) reference;
}

static List *
select_list(Relation rel, List *needed)
{
	List *targets = NIL;
	ListCell *cell;

	foreach (cell, needed)
	{
		char *name = get_attname(RelationGetRelid(rel), lfirst_int(cell), false);
		ResTarget *target = makeNode(ResTarget);

		target->name = name;
		target->val = column_reference(name);
		target->location = -1;
		targets = lappend(targets, target);
	}
	return targets;
}

/* Of one of the table's columns, in the query. */
static AttrNumber
number_in_query(AttrNumber number, List *needed)
{
	AttrNumber result = 1;

	while (list_nth_int(needed, result - 1) != number)
		result++;
	return result;
}

/* Numbers of the table's columns become those of the query's. */
static void
number_by_query(List *columns, List *needed)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		EvcCopyColumn *column = lfirst(cell);

		column->number = number_in_query(column->number, needed);
		if (evc_copy_bound_to(column) != InvalidAttrNumber)
			column->label->context = number_in_query(column->label->context, needed);
	}
}

/* ONLY: as COPY does it, children are left out. */
static Node *
query_of(Relation rel, List *needed)
{
	RangeVar *from = makeRangeVar(get_namespace_name(RelationGetNamespace(rel)),
								  pstrdup(RelationGetRelationName(rel)), -1);
	SelectStmt *select = makeNode(SelectStmt);

	from->inh = false;
	select->targetList = select_list(rel, needed);
	select->fromClause = list_make1(from);
	return (Node *) select;
}

static void
set_locally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}

/*
 * Rows come in the order in which they are stored, and nothing is compiled for them:
 * COPY of a table has no workers, no indexes and no expressions.  With policies core
 * executes a query as well, whose subqueries may need indexes.
 */
static int
forbid_what_copy_lacks(Relation rel)
{
	int nest_level = NewGUCNestLevel();

	set_locally("max_parallel_workers_per_gather", "0");
	set_locally("jit", "off");
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED)
		return nest_level;
	set_locally("enable_seqscan", "on");
	set_locally("enable_indexscan", "off");
	set_locally("enable_indexonlyscan", "off");
	set_locally("enable_bitmapscan", "off");
	return nest_level;
}

void
evc_copy_unload_begin(ParseState *pstate, CopyStmt *stmt, const DefElem *option,
					  EvcUnloading *unloading)
{
	Relation rel;
	List *copied;
	List *needed;
	List *columns;

	if (stmt->relation == NULL)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY DECRYPT is available only for tables"),
				errhint("Call decrypt() in the query."),
				parser_errposition(pstate, option->location));
	/* Locked until the end of the transaction, so that it stays what it is. */
	rel = table_openrv(stmt->relation, AccessShareLock);
	copied = CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist);
	check_kind(rel);
	evc_copy_check_taken(rel);
	columns = evc_copy_columns(pstate, option, rel, copied);
	evc_copy_check_decrypt(columns);
	needed = evc_copy_needed(columns, copied);
	stmt->query = query_of(rel, needed);
	stmt->relation = NULL;
	stmt->attlist = NIL;
	number_by_query(columns, needed);
	unloading->nest_level = forbid_what_copy_lacks(rel);
	table_close(rel, NoLock);
	unloading->unload =
		evc_receiver_begin(list_length(copied), list_length(needed), columns);
}

void
evc_copy_unload_end(const EvcUnloading *unloading)
{
	if (!evc_receiver_end(unloading->unload))
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY DECRYPT was executed by another extension"),
				errdetail("What was written is ciphertext."));
	AtEOXact_GUC(true, unloading->nest_level);
}

void
evc_copy_unload_fail(const EvcUnloading *unloading)
{
	(void) evc_receiver_end(unloading->unload);
}
