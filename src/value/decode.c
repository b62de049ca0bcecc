/*
 * value/decode.c
 *	  Decrypted bytes become a value of any type.
 *
 * Input functions and the checks of domains show in their errors what they were
 * given, and here that is plaintext.  So their errors are caught, and replaced
 * by one that shows nothing; the transaction ends with it all the same.  Their
 * warnings are replaced where they are raised.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "value/number.h"
#include "value/plaintype.h"
#include "value/settings.h"
#include "value/violation.h"
#include "warning.h"

/* A text datum for bytea too: both are a varlena of these bytes. */
static Datum
varlena_datum(EvwBytes bytes)
{
	return PointerGetDatum(
		cstring_to_text_with_len((const char *) bytes.data, (int) bytes.len));
}

/* Input functions take a C string. */
static void
set_terminated(EvcPlain *plain, EvwBytes text)
{
	char *string = pnstrdup((const char *) text.data, text.len);

	evc_plain_set(plain, string, string, text.len);
}

static void
find_input(EvcPlainType *type)
{
	Oid function;

	if (OidIsValid(type->io.fn_oid))
		return;
	getTypeInputInfo(type->type, &function, &type->ioparam);
	fmgr_info_cxt(function, &type->io, type->owner);
}

static bool
is_integer(Oid base)
{
	return base == INT2OID || base == INT4OID || base == INT8OID;
}

/* "text" has a terminating NUL; for bytea, here always below a domain, there is none. */
static Datum
read_value(EvcPlainType *type, EvwBytes bytes, EvwDatatype datatype, EvcPlain *text)
{
	Datum value;

	if (text->made != NULL)
	{
		if (datatype == EVW_NUMBER && is_integer(type->base))
			evc_number_spell_integer(text);
		find_input(type);
		return InputFunctionCall(&type->io, text->made, type->ioparam, -1);
	}
	value = varlena_datum(bytes);
	domain_check(value, false, type->type, &type->domain, type->owner);
	return value;
}

/* Interrupts, and want of resources, say nothing of the value. */
static bool
shows_no_data(int sqlstate)
{
	int category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION) ||
		   category == ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES);
}

/* In PG_CATCH, back in the memory context of before: raises what may be shown. */
static void
raise_without_data(EvcPlainType *type)
{
	int sqlstate = geterrcode();
	EvcViolation violation;

	if (shows_no_data(sqlstate))
		PG_RE_THROW();
	violation = evc_violation_of_error();
	FlushErrorState();
	ereport(ERROR, errcode(sqlstate),
			errmsg("decrypted value is not valid for type %s",
				   format_type_be(type->type)),
			evc_violation_detail(&violation));
}

static void
clean_warning(void *arg)
{
	ErrorData *warning = evc_warning_copy();

	if (warning == NULL)
		return;
	evc_warning_replace(warning, "a decrypted value causes a warning");
	FreeErrorData(warning);
}

static Datum
read_guarded(EvcPlainType *type, EvwBytes bytes, EvwDatatype datatype)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback guard = {.previous = error_context_stack,
								  .callback = clean_warning};
	EvcPlain text = {0};
	Datum value = (Datum) 0;

	if (type->base != BYTEAOID)
		set_terminated(&text, bytes);
	PG_TRY();
	{
		error_context_stack = &guard;
		value = read_value(type, bytes, datatype, &text);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		evc_plain_wipe(&text);
		raise_without_data(type);
	}
	PG_END_TRY();
	error_context_stack = guard.previous;
	evc_plain_wipe(&text);
	return value;
}

static Datum
read_under_settings(EvcPlainType *type, EvwBytes bytes, EvwDatatype datatype)
{
	int nest_level = evc_settings_enter();
	Datum value = read_guarded(type, bytes, datatype);

	evc_settings_leave(nest_level);
	return value;
}

Datum
evc_plaintype_decode(EvcPlainType *type, EvwBytes bytes, EvwDatatype datatype)
{
	EvcPlain plain = {bytes, NULL};
	Datum value;

	if (type->type == BYTEAOID)
		return varlena_datum(bytes);
	if (type->base != BYTEAOID)
		evc_plain_to_server(&plain);
	if (type->type == TEXTOID)
		value = varlena_datum(plain.bytes);
	else if (type->settings_matter)
		value = read_under_settings(type, plain.bytes, datatype);
	else
		value = read_guarded(type, plain.bytes, datatype);
	evc_plain_wipe(&plain);
	return value;
}

void
evc_plaintype_check_null(EvcPlainType *type)
{
	int nest_level;

	if (type->type == type->base)
		return;
	nest_level = evc_settings_enter();
	domain_check((Datum) 0, true, type->type, &type->domain, type->owner);
	evc_settings_leave(nest_level);
}
