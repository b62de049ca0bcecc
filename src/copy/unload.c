/*
 * copy/unload.c
 *	  COPY TO ... DECRYPT: the COPY of a query that calls decrypt().
 *
 * Core copies the query, and the query's plan gets a batch node like any other: what
 * is checked, batched and overlapped there is so here.
 */
#include "postgres.h"

#include "copy/unload.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/copy.h"
#include "nodes/makefuncs.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "batch/marker.h"
#include "compat_copy.h"
#include "copy/check.h"
#include "copy/functions.h"
#include "copy/options.h"

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

static Node *
cast_to(Node *argument, Oid type)
{
	TypeCast *cast = makeNode(TypeCast);

	cast->arg = argument;
	cast->typeName = makeTypeNameFromOid(type, -1);
	cast->location = -1;
	return (Node *) cast;
}

static Node *
null_constant(void)
{
	A_Const *constant = makeNode(A_Const);

	constant->isnull = true;
	constant->location = -1;
	return (Node *) constant;
}

/*
 * decrypt(column), or decrypt_as(column, NULL::type).  A type that decrypt_as refuses
 * is refused here, whatever rows there are.
 */
static Node *
decrypting_call(const EvcCopyColumn *column, const char *name)
{
	Node *argument = cast_to(column_reference(name), column->encrypted);
	char *schema = get_namespace_name(evc_copy_schema(column->encrypted));
	bool text = column->type == TEXTOID;
	List *function = list_make2(makeString(schema),
								makeString(pstrdup(text ? "decrypt" : "decrypt_as")));
	List *arguments = list_make1(argument);

	if (!text)
	{
		(void) evc_marker_new(CurrentMemoryContext, EVC_MARKER_DECRYPT_AS, column->type,
							  column->encrypted);
		arguments = lappend(arguments, cast_to(null_constant(), column->type));
	}
	return (Node *) makeFuncCall(function, arguments, COERCE_EXPLICIT_CALL, -1);
}

static List *
select_list(Relation rel, List *copied, List *columns)
{
	List *targets = NIL;
	ListCell *cell;

	foreach (cell, copied)
	{
		AttrNumber number = lfirst_int(cell);
		char *name = get_attname(RelationGetRelid(rel), number, false);
		EvcCopyColumn *column = evc_copy_column(columns, number);
		ResTarget *target = makeNode(ResTarget);

		target->name = name;
		target->val =
			column != NULL ? decrypting_call(column, name) : column_reference(name);
		target->location = -1;
		targets = lappend(targets, target);
	}
	return targets;
}

/* ONLY: as COPY does it, children are left out. */
static Node *
query_of(Relation rel, List *copied, List *columns)
{
	RangeVar *from = makeRangeVar(get_namespace_name(RelationGetNamespace(rel)),
								  pstrdup(RelationGetRelationName(rel)), -1);
	SelectStmt *select = makeNode(SelectStmt);

	from->inh = false;
	select->targetList = select_list(rel, copied, columns);
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
 * COPY of a table has no workers and no expressions.
 */
static int
forbid_what_copy_lacks(void)
{
	int nest_level = NewGUCNestLevel();

	set_locally("max_parallel_workers_per_gather", "0");
	set_locally("jit", "off");
	return nest_level;
}

int
evc_copy_unload_begin(ParseState *pstate, CopyStmt *stmt, const DefElem *columns)
{
	Relation rel;
	List *copied;

	if (stmt->relation == NULL)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY DECRYPT is available only for tables"),
				errhint("Call decrypt() in the query."),
				parser_errposition(pstate, columns->location));
	/* Locked until the end of the transaction, so that it stays what it is. */
	rel = table_openrv(stmt->relation, AccessShareLock);
	copied = CopyGetAttnums(RelationGetDescr(rel), rel, stmt->attlist);
	check_kind(rel);
	evc_copy_check_taken(rel);
	stmt->query = query_of(rel, copied, evc_copy_columns(pstate, columns, rel, copied));
	stmt->relation = NULL;
	stmt->attlist = NIL;
	table_close(rel, NoLock);
	return forbid_what_copy_lacks();
}

void
evc_copy_unload_end(int nest_level)
{
	AtEOXact_GUC(true, nest_level);
}
