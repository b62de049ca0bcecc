/*
 * copy/check.c
 *	  What core checks before COPY FROM, in the same order: DoCopy does not run.
 */
#include "postgres.h"

#include "copy/check.h"

#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_authid_d.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "compat_copy.h"

void
evc_copy_check_command(const CopyStmt *stmt)
{
	Oid role =
		stmt->is_program ? ROLE_PG_EXECUTE_SERVER_PROGRAM : ROLE_PG_READ_SERVER_FILES;

	PreventCommandIfParallelMode("COPY FROM");
	PreventCommandDuringRecovery("COPY FROM");
	if (stmt->filename == NULL || has_privs_of_role(GetUserId(), role))
		return;
	ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			stmt->is_program
				? errmsg("permission denied to COPY from an external program")
				: errmsg("permission denied to COPY from a file"),
			errdetail("Only roles with privileges of the role \"%s\" may do so.",
					  GetUserNameFromId(role, false)),
			errhint("Anyone can COPY from stdin. psql's \\copy command also works for "
					"anyone."));
}

/* Numbers of the columns that an expression over the relation reads. */
static Bitmapset *
columns_read(Node *clause, Relation rel)
{
	const int whole_row = 0 - FirstLowInvalidHeapAttributeNumber;
	Bitmapset *columns = NULL;

	pull_varattnos(clause, 1, &columns);
	if (bms_is_member(whole_row, columns))
		columns = bms_add_range(bms_del_member(columns, whole_row), whole_row + 1,
								RelationGetNumberOfAttributes(rel) -
									FirstLowInvalidHeapAttributeNumber);
	return columns;
}

/* They are not computed yet when rows are filtered. */
static void
refuse_generated(Node *clause, Relation rel)
{
	Bitmapset *columns = columns_read(clause, rel);
	int member = -1;

	while ((member = bms_next_member(columns, member)) >= 0)
	{
		AttrNumber number = member + FirstLowInvalidHeapAttributeNumber;

		if (number > 0 && TupleDescAttr(RelationGetDescr(rel), number - 1)->attgenerated)
			ereport(ERROR, errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
					errmsg("generated columns are not supported in COPY FROM WHERE "
						   "conditions"),
					errdetail("Column \"%s\" is a generated column.",
							  get_attname(RelationGetRelid(rel), number, false)));
	}
}

static Node *
read_where(ParseState *pstate, ParseNamespaceItem *item, Relation rel, Node *raw)
{
	Node *clause;

	addNSItemToQuery(pstate, item, false, true, true);
	clause = transformExpr(pstate, raw, EXPR_KIND_COPY_WHERE);
	clause = coerce_to_boolean(pstate, clause, "WHERE");
	assign_expr_collations(pstate, clause);
	refuse_generated(clause, rel);
	clause = eval_const_expressions(NULL, clause);
	clause = (Node *) canonicalize_qual((Expr *) clause, false);
	return (Node *) make_ands_implicit((Expr *) clause);
}

static void
check_row_security(Relation rel)
{
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY FROM not supported with row-level security"),
				errhint("Use INSERT statements instead."));
}

Node *
evc_copy_check_target(ParseState *pstate, const CopyStmt *stmt, Relation rel,
					  List *copied)
{
	ParseNamespaceItem *item =
		addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL, false, false);
	EvcPermissions *permissions = evc_permissions(item);
	Node *where = NULL;
	ListCell *cell;

	permissions->requiredPerms = ACL_INSERT;
	if (stmt->whereClause != NULL)
		where = read_where(pstate, item, rel, stmt->whereClause);
	foreach (cell, copied)
		permissions->insertedCols =
			bms_add_member(permissions->insertedCols,
						   lfirst_int(cell) - FirstLowInvalidHeapAttributeNumber);
	evc_check_permissions(pstate, permissions);
	check_row_security(rel);
	if (XactReadOnly && !rel->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");
	return where;
}

static const char *
kind_of(Relation rel)
{
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_VIEW:
			return "view";
		case RELKIND_MATVIEW:
			return "materialized view";
		case RELKIND_SEQUENCE:
			return "sequence";
		default:
			return "non-table relation";
	}
}

void
evc_copy_check_kind(Relation rel)
{
	bool instead = rel->trigdesc != NULL && rel->trigdesc->trig_insert_instead_row;

	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_PARTITIONED_TABLE:
			return;
		default:
			break;
	}
	if (!instead)
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("cannot copy to %s \"%s\"", kind_of(rel),
					   RelationGetRelationName(rel)),
				rel->rd_rel->relkind == RELKIND_VIEW
					? errhint("To enable copying to a view, provide an INSTEAD OF INSERT "
							  "trigger.")
					: 0);
}
