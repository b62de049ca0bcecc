/*
 * copy/options.c
 *	  The options ENCRYPT and DECRYPT, and the columns that they name.
 *
 * The grammar hands over names and string literals alike, so an element is first
 * looked for among the names of columns.
 */
#include "postgres.h"

#include "copy/options.h"

#include "catalog/pg_type.h"
#include "parser/parse_type.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat_copy.h"
#include "type/oid.h"

static bool
is_encrypt(const DefElem *option)
{
	return strcmp(option->defname, "encrypt") == 0;
}

static bool
is_ours(const DefElem *option)
{
	return is_encrypt(option) || strcmp(option->defname, "decrypt") == 0;
}

bool
evc_copy_options_ours(List *options)
{
	ListCell *cell;

	foreach (cell, options)
		if (is_ours(lfirst_node(DefElem, cell)))
			return true;
	return false;
}

static void
check_option(ParseState *pstate, const CopyStmt *stmt, const DefElem *option)
{
	bool encrypt = is_encrypt(option);

	if (encrypt != stmt->is_from)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				encrypt ? errmsg("COPY ENCRYPT is available only using COPY FROM")
						: errmsg("COPY DECRYPT is available only using COPY TO"),
				parser_errposition(pstate, option->location));
	if (option->arg == NULL || !(IsA(option->arg, List) || IsA(option->arg, A_Star)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument to option \"%s\" must be a list of columns or \"*\"",
					   option->defname),
				errhint("Write %s.", encrypt ? "ENCRYPT (column, ...) or ENCRYPT *"
											 : "DECRYPT (column, ...) or DECRYPT *"),
				parser_errposition(pstate, option->location));
}

DefElem *
evc_copy_options_take(ParseState *pstate, CopyStmt *stmt)
{
	List *others = NIL;
	DefElem *taken = NULL;
	ListCell *cell;

	foreach (cell, stmt->options)
	{
		DefElem *option = lfirst_node(DefElem, cell);

		if (!is_ours(option))
		{
			others = lappend(others, option);
			continue;
		}
		check_option(pstate, stmt, option);
		if (taken != NULL)
			ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
					errmsg("conflicting or redundant options"),
					parser_errposition(pstate, option->location));
		taken = option;
	}
	stmt->options = others;
	return taken;
}

/* The type "encrypted" of a column, also below a domain; InvalidOid: it has another. */
static Oid
encrypted_type_of(Relation rel, AttrNumber number)
{
	return evc_type_encrypted(TupleDescAttr(RelationGetDescr(rel), number - 1)->atttypid);
}

static EvcCopyColumn *
new_column(AttrNumber number, Oid encrypted)
{
	EvcCopyColumn *column = palloc(sizeof(EvcCopyColumn));

	*column = (EvcCopyColumn){.number = number, .encrypted = encrypted, .typmod = -1};
	return column;
}

/* What the statement does not say, the column's label may. */
static void
take_label(Relation rel, EvcCopyColumn *column)
{
	EvcColumnLabel label;

	if (evc_label_find(rel, column->number, &label))
		column->label = memcpy(palloc(sizeof(label)), &label, sizeof(label));
	if (OidIsValid(column->type))
		return;
	column->type = TEXTOID;
	if (column->label == NULL || !OidIsValid(column->label->type))
		return;
	column->type = column->label->type;
	column->typmod = column->label->typmod;
}

AttrNumber
evc_copy_bound_to(const EvcCopyColumn *column)
{
	return column->label == NULL ? InvalidAttrNumber : column->label->context;
}

List *
evc_copy_needed(List *columns, List *copied)
{
	List *needed = list_copy(copied);
	ListCell *cell;

	foreach (cell, columns)
	{
		AttrNumber number = evc_copy_bound_to(lfirst(cell));

		if (number != InvalidAttrNumber)
			needed = list_append_unique_int(needed, number);
	}
	return needed;
}

/* NULL if it is empty. */
static const char *
name_or_none(const char *name)
{
	return *name == '\0' ? NULL : name;
}

EvcMarker *
evc_copy_marker(const EvcCopyColumn *column, EvcMarkerKind kind)
{
	const EvcColumnLabel *label = column->label;
	const EvcMarkerInfo *info = evc_marker_info(kind);
	bool bound = label != NULL && label->parts.has_context;
	EvcMarker *marker =
		evc_marker_new(CurrentMemoryContext, kind, column->type, column->encrypted,
					   bound ? info->context_at + 1 : info->n_needed);

	if (label == NULL)
		return marker;
	marker->batches.app = name_or_none(label->parts.app);
	if (kind == EVC_MARKER_ENCRYPT)
		marker->batches.role = name_or_none(label->parts.role);
	return marker;
}

EvcMarkerKind
evc_copy_decrypt_kind(const EvcCopyColumn *column)
{
	return column->type == TEXTOID ? EVC_MARKER_DECRYPT : EVC_MARKER_DECRYPT_AS;
}

EvcCopyColumn *
evc_copy_column(List *columns, AttrNumber number)
{
	ListCell *cell;

	foreach (cell, columns)
	{
		EvcCopyColumn *column = lfirst(cell);

		if (column->number == number)
			return column;
	}
	return NULL;
}

static List *
every_column(ParseState *pstate, const DefElem *option, Relation rel, List *copied)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, copied)
	{
		AttrNumber number = lfirst_int(cell);
		Oid encrypted = encrypted_type_of(rel, number);

		if (OidIsValid(encrypted))
			columns = lappend(columns, new_column(number, encrypted));
	}
	if (columns == NIL)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("COPY of \"%s\" has no column of type encrypted",
					   RelationGetRelationName(rel)),
				errhint("Leave option \"%s\" out to copy as it is.", option->defname),
				parser_errposition(pstate, option->location));
	return columns;
}

/*
 * Reads the name that "text" begins with, folded or quoted as in SQL; returns what
 * follows it, or NULL if that is no name.
 */
static char *
read_name(char *text, char **name)
{
	char *end;

	while (scanner_isspace(*text))
		text++;
	if (*text != '"')
	{
		end = text + strcspn(text, " \t\n\r\f\v\"");
		*name = downcase_truncate_identifier(text, (int) (end - text), false);
		return end > text ? end : NULL;
	}
	*name = pstrdup(text + 1);
	for (end = *name, text++; *text != '\0'; text++)
	{
		if (*text == '"' && *++text != '"')
		{
			*end = '\0';
			truncate_identifier(*name, (int) (end - *name), false);
			return *name[0] != '\0' ? text : NULL;
		}
		*end++ = *text;
	}
	return NULL;
}

static EvcCopyColumn *
parse_column(ParseState *pstate, const DefElem *option, Relation rel, char *text)
{
	Oid table = RelationGetRelid(rel);
	AttrNumber number = get_attnum(table, text);
	EvcCopyColumn *column;
	char *name = text;
	char *rest = "";

	if (number == InvalidAttrNumber)
	{
		rest = read_name(text, &name);
		if (rest == NULL)
			ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
					errmsg("invalid element of option \"%s\": \"%s\"", option->defname,
						   text),
					errhint("It is a column, or a string of a column and its plaintext's "
							"type, such as 'born date'."),
					parser_errposition(pstate, option->location));
		number = get_attnum(table, name);
		rest += strspn(rest, " \t\n\r\f\v");
	}
	if (number <= 0)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("column \"%s\" of relation \"%s\" does not exist", name,
					   RelationGetRelationName(rel)),
				parser_errposition(pstate, option->location));
	column = new_column(number, encrypted_type_of(rel, number));
	if (*rest != '\0')
		evc_parse_type(rest, &column->type, &column->typmod);
	return column;
}

static void
check_column(ParseState *pstate, const DefElem *option, Relation rel, List *copied,
			 const EvcCopyColumn *column)
{
	Form_pg_attribute attribute =
		TupleDescAttr(RelationGetDescr(rel), column->number - 1);

	if (!list_member_int(copied, column->number))
		ereport(ERROR, errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				errmsg("%s column \"%s\" not referenced by COPY",
					   is_encrypt(option) ? "ENCRYPT" : "DECRYPT",
					   NameStr(attribute->attname)),
				parser_errposition(pstate, option->location));
	if (!OidIsValid(column->encrypted))
		ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("column \"%s\" is of type %s, not of type encrypted",
					   NameStr(attribute->attname),
					   format_type_with_typemod(attribute->atttypid,
												attribute->atttypmod)),
				errhint("Only columns of type encrypted, or of a domain over it, can be "
						"named in option \"%s\".",
						option->defname),
				parser_errposition(pstate, option->location));
}

static List *
listed_columns(ParseState *pstate, const DefElem *option, Relation rel, List *copied)
{
	List *columns = NIL;
	ListCell *cell;

	foreach (cell, castNode(List, option->arg))
	{
		EvcCopyColumn *column = parse_column(pstate, option, rel, strVal(lfirst(cell)));

		check_column(pstate, option, rel, copied, column);
		if (evc_copy_column(columns, column->number) != NULL)
			ereport(ERROR, errcode(ERRCODE_DUPLICATE_COLUMN),
					errmsg("column \"%s\" specified more than once",
						   get_attname(RelationGetRelid(rel), column->number, false)),
					parser_errposition(pstate, option->location));
		columns = lappend(columns, column);
	}
	return columns;
}

List *
evc_copy_columns(ParseState *pstate, const DefElem *option, Relation rel, List *copied)
{
	List *columns = IsA(option->arg, A_Star)
						? every_column(pstate, option, rel, copied)
						: listed_columns(pstate, option, rel, copied);
	ListCell *cell;

	foreach (cell, columns)
		take_label(rel, lfirst(cell));
	return columns;
}
