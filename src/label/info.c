/*
 * label/info.c
 *	  evcrypt_label(): what the label of a column says.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "label/label.h"

PG_FUNCTION_INFO_V1(evc_label_info);

/* In the order of the function's OUT parameters. */
typedef enum LabelColumn
{
	LABEL_APP,
	LABEL_ROLE,
	LABEL_TYPE,
	LABEL_CONTEXT,
	LABEL_COLUMNS
} LabelColumn;

static AttrNumber
column_number(Relation rel, const char *name)
{
	AttrNumber number = get_attnum(RelationGetRelid(rel), name);

	if (number <= 0)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("column \"%s\" of relation \"%s\" does not exist", name,
					   RelationGetRelationName(rel)));
	return number;
}

/* It means the same whatever the search_path. */
static char *
context_expression(const EvcColumnLabel *label)
{
	char *constant =
		psprintf("%s::pg_catalog.text", quote_literal_cstr(label->parts.constant));
	char *column;

	if (label->context == InvalidAttrNumber)
		return constant;
	column = psprintf("%s::pg_catalog.text",
					  quote_identifier(evc_label_column_name(&label->parts)));
	if (!label->parts.has_constant)
		return column;
	return psprintf("%s OPERATOR(pg_catalog.||) %s", constant, column);
}

static void
put(Datum *values, bool *nulls, LabelColumn column, const char *text)
{
	if (*text == '\0')
		return;
	values[column] = CStringGetTextDatum(text);
	nulls[column] = false;
}

Datum
evc_label_info(PG_FUNCTION_ARGS)
{
	Relation rel = relation_open(PG_GETARG_OID(0), AccessShareLock);
	AttrNumber number = column_number(rel, NameStr(*PG_GETARG_NAME(1)));
	Datum values[LABEL_COLUMNS] = {0};
	bool nulls[LABEL_COLUMNS];
	EvcColumnLabel label;
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "evcrypt_label must return a row type");
	memset(nulls, true, sizeof(nulls));
	if (evc_label_find(rel, number, &label))
	{
		put(values, nulls, LABEL_APP, label.parts.app);
		put(values, nulls, LABEL_ROLE, label.parts.role);
		if (OidIsValid(label.type))
			put(values, nulls, LABEL_TYPE,
				format_type_extended(label.type, label.typmod,
									 FORMAT_TYPE_TYPEMOD_GIVEN |
										 FORMAT_TYPE_FORCE_QUALIFY));
		if (label.parts.has_context)
			put(values, nulls, LABEL_CONTEXT, context_expression(&label));
	}
	relation_close(rel, AccessShareLock);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
