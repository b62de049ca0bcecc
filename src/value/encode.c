/*
 * value/encode.c
 *	  A value of any type becomes the bytes that are encrypted.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "value/plaintype.h"
#include "value/settings.h"

/* text and the like, and bytea: what is inside the varlena. */
static void
encode_varlena(Datum value, EvcPlain *plain)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);

	plain->bytes =
		(EvwBytes){(const uint8_t *) VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat)};
	if ((Pointer) flat != DatumGetPointer(value))
		plain->made = flat;
}

static void
find_output(EvcPlainType *type)
{
	Oid function;
	bool is_varlena;

	if (OidIsValid(type->io.fn_oid))
		return;
	getTypeOutputInfo(type->type, &function, &is_varlena);
	fmgr_info_cxt(function, &type->io, type->owner);
}

static void
encode_output(EvcPlainType *type, Datum value, EvcPlain *plain)
{
	int nest_level;
	char *text;

	find_output(type);
	if (!type->settings_matter)
		text = OutputFunctionCall(&type->io, value);
	else
	{
		nest_level = evc_settings_enter();
		text = OutputFunctionCall(&type->io, value);
		evc_settings_leave(nest_level);
	}
	evc_plain_set(plain, text, text, strlen(text));
}

/* NaN and the infinities are no numbers in JSON's grammar. */
static EvwDatatype
number_datatype(EvwBytes text)
{
	size_t first = text.len > 1 && text.data[0] == '-' ? 1 : 0;
	bool digit = text.len > 0 && text.data[first] >= '0' && text.data[first] <= '9';

	return digit ? EVW_NUMBER : EVW_STRING;
}

EvwDatatype
evc_plaintype_encode(EvcPlainType *type, Datum value, EvcPlain *plain)
{
	static const char *const booleans[] = {"false", "true"};
	const char *boolean;

	memset(plain, 0, sizeof(*plain));
	switch (type->base)
	{
		case BYTEAOID:
			encode_varlena(value, plain);
			return EVW_STRING;
		case BOOLOID:
			boolean = booleans[DatumGetBool(value)];
			evc_plain_set(plain, NULL, boolean, strlen(boolean));
			return EVW_BOOLEAN;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			encode_varlena(value, plain);
			evc_plain_to_utf8(plain);
			return EVW_STRING;
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			encode_output(type, value, plain);
			return number_datatype(plain->bytes);
		default:
			encode_output(type, value, plain);
			evc_plain_to_utf8(plain);
			return EVW_STRING;
	}
}
