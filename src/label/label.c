/*
 * label/label.c
 *	  The label of a column for evcrypt, and what its names stand for.
 *
 * Names of types are looked up under a fixed search_path, pg_catalog alone, so that a
 * label means the same whoever uses it, and while a dump is restored.
 */
#include "postgres.h"

#include "label/label.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/seclabel.h"
#include "mb/pg_wchar.h"
#include "parser/parse_type.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat.h"
#include "type/oid.h"
#include "value/plaintype.h"
#include "value/settings.h"

StaticAssertDecl(EVC_LABEL_COLUMN_MAX == NAMEDATALEN - 1, "a name is not truncated");

/* Whose label it is, for what an error says beside itself. */
typedef struct Subject
{
	const char *column;
	const char *relation;
} Subject;

static void
show_subject(void *arg)
{
	const Subject *subject = arg;

	/* In a type's name; what is shown is the statement. */
	errposition(0);
	errcontext("security label for evcrypt of column \"%s\" of relation \"%s\"",
			   subject->column, subject->relation);
}

Oid
evc_label_root(Oid relation)
{
	List *ancestors;
	Oid root;

	if (!get_rel_relispartition(relation))
		return relation;
	ancestors = get_partition_ancestors(relation);
	if (ancestors == NIL)
		return relation;
	root = llast_oid(ancestors);
	list_free(ancestors);
	return root;
}

char *
evc_label_column_name(const EvcLabel *parts)
{
	if (parts->column_quoted)
		return pstrdup(parts->column);
	return downcase_identifier(parts->column, (int) strlen(parts->column), false, false);
}

static void
parse(const char *text, EvcLabel *parts)
{
	size_t at;
	const char *trouble = evc_label_parse(parts, text, strlen(text), &at);

	if (trouble == NULL)
		return;
	ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
			errmsg("invalid security label for evcrypt"),
			errdetail("At character %d: %s", pg_mbstrlen_with_len(text, (int) at) + 1,
					  trouble),
			errhint("A label is, for example, app=shop, role=pii, type=date, "
					"context='patients/' || column(id)."));
}

/* Other sessions do not know it, or a dump has it after the label. */
static void
refuse_type_to_pass(Oid type)
{
	FormData_pg_type row = evc_type_row(type);

	if (isAnyTempNamespace(row.typnamespace))
		ereport(ERROR, errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				errmsg("a label cannot name a temporary type"));
	if (OidIsValid(row.typrelid) &&
		get_rel_relkind(row.typrelid) != RELKIND_COMPOSITE_TYPE)
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("a label cannot name the row type of a table"),
				errhint("Name a type made by CREATE TYPE."));
}

static void
find_type(EvcColumnLabel *label, Oid encrypted)
{
	int nest_level = evc_settings_enter();

	evc_parse_type(label->parts.type, &label->type, &label->typmod);
	evc_settings_leave(nest_level);
	refuse_type_to_pass(label->type);
	(void) evc_plaintype_new(CurrentMemoryContext, label->type, encrypted);
}

static void
find_context(Relation rel, AttrNumber number, EvcColumnLabel *label, Oid encrypted)
{
	char *name = evc_label_column_name(&label->parts);
	AttrNumber context = get_attnum(RelationGetRelid(rel), name);

	if (context <= 0)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("column \"%s\" of relation \"%s\" does not exist", name,
					   RelationGetRelationName(rel)));
	if (context == number)
		ereport(ERROR, errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				errmsg("column \"%s\" cannot be the context of itself", name));
	(void) evc_plaintype_new(CurrentMemoryContext,
							 TupleDescAttr(RelationGetDescr(rel), context - 1)->atttypid,
							 encrypted);
	label->context = context;
	pfree(name);
}

static void
resolve(Relation rel, AttrNumber number, EvcColumnLabel *label)
{
	Oid type = TupleDescAttr(RelationGetDescr(rel), number - 1)->atttypid;
	Oid encrypted = evc_type_encrypted(type);

	if (!OidIsValid(encrypted))
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("column is of type %s, not of type encrypted",
					   format_type_be(type)));
	if (*label->parts.type != '\0')
		find_type(label, encrypted);
	if (*label->parts.column != '\0')
		find_context(rel, number, label, encrypted);
}

void
evc_label_read(Relation rel, AttrNumber number, const char *text, EvcColumnLabel *label)
{
	Subject subject = {NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname),
					   RelationGetRelationName(rel)};
	ErrorContextCallback callback = {.previous = error_context_stack,
									 .callback = show_subject,
									 .arg = &subject};

	memset(label, 0, sizeof(*label));
	label->typmod = -1;
	error_context_stack = &callback;
	parse(text, &label->parts);
	resolve(rel, number, label);
	error_context_stack = callback.previous;
}

bool
evc_label_find(Relation rel, AttrNumber number, EvcColumnLabel *label)
{
	const char *name = NameStr(TupleDescAttr(RelationGetDescr(rel), number - 1)->attname);
	Oid root = evc_label_root(RelationGetRelid(rel));
	AttrNumber labelled = root == RelationGetRelid(rel) ? number : get_attnum(root, name);
	ObjectAddress address;
	char *text;

	ObjectAddressSubSet(address, RelationRelationId, root, labelled);
	text = GetSecurityLabel(&address, EVC_LABEL_PROVIDER);
	if (text == NULL)
		return false;
	evc_label_read(rel, number, text, label);
	pfree(text);
	return true;
}
