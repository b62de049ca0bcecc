/*
 * label/context.c
 *	  The context that a label gives a row's value.
 *
 * The text form of a column is what a cast to text makes of it, so that the functions
 * are given the same by 'constant' || column.
 */
#include "postgres.h"

#include "label/context.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "utils/builtins.h"

#include "compat.h"
#include "value/plaintype.h"
#include "value/settings.h"

struct EvcLabelContext
{
	char *constant;	 /* empty if there is none */
	ExprState *cast; /* of the column's value; NULL: there is no column */
	ExprContext *econtext;
	bool settings_matter;
};

static ExprState *
cast_to_text(Form_pg_attribute column)
{
	ParseState *pstate = make_parsestate(NULL);
	CaseTestExpr *value = makeNode(CaseTestExpr);
	Node *cast;

	value->typeId = column->atttypid;
	value->typeMod = column->atttypmod;
	value->collation = column->attcollation;
	cast = coerce_to_target_type(pstate, (Node *) value, column->atttypid, TEXTOID, -1,
								 COERCION_EXPLICIT, COERCE_EXPLICIT_CAST, -1);
	if (cast == NULL)
		ereport(ERROR, errcode(ERRCODE_CANNOT_COERCE),
				errmsg("cannot cast type %s to text", format_type_be(column->atttypid)));
	assign_expr_collations(pstate, cast);
	free_parsestate(pstate);
	return ExecInitExpr(expression_planner((Expr *) cast), NULL);
}

EvcLabelContext *
evc_label_context_new(const EvcColumnLabel *label, TupleDesc desc)
{
	EvcLabelContext *context;
	Form_pg_attribute column;

	if (!label->parts.has_context)
		return NULL;
	context = palloc0(sizeof(EvcLabelContext));
	context->constant = pstrdup(label->parts.constant);
	if (label->context == InvalidAttrNumber)
		return context;
	column = TupleDescAttr(desc, label->context - 1);
	context->cast = cast_to_text(column);
	context->econtext = CreateStandaloneExprContext();
	/* As a plaintext bytea has no text form. */
	context->settings_matter =
		column->atttypid == BYTEAOID ||
		evc_plaintype_new(CurrentMemoryContext, column->atttypid, InvalidOid)
			->settings_matter;
	return context;
}

static Datum
text_form(EvcLabelContext *context, Datum value)
{
	int nest_level = context->settings_matter ? evc_settings_enter() : 0;
	Datum form;
	bool is_null;

	context->econtext->caseValue_datum = value;
	context->econtext->caseValue_isNull = false;
	form = ExecEvalExpr(context->cast, context->econtext, &is_null);
	if (context->settings_matter)
		evc_settings_leave(nest_level);
	return form;
}

static Datum
join(const char *constant, Datum form)
{
	text *tail = DatumGetTextPP(form);
	size_t head_len = strlen(constant);
	size_t tail_len = VARSIZE_ANY_EXHDR(tail);
	text *joined = palloc(VARHDRSZ + head_len + tail_len);

	SET_VARSIZE(joined, VARHDRSZ + head_len + tail_len);
	memcpy(VARDATA(joined), constant, head_len);
	memcpy(VARDATA(joined) + head_len, VARDATA_ANY(tail), tail_len);
	return PointerGetDatum(joined);
}

NullableDatum
evc_label_context(EvcLabelContext *context, NullableDatum value)
{
	NullableDatum result = {.isnull = context->cast != NULL && value.isnull};

	if (result.isnull)
		return result;
	if (context->cast == NULL)
		result.value = CStringGetTextDatum(context->constant);
	else
		result.value = join(context->constant, text_form(context, value.value));
	return result;
}
