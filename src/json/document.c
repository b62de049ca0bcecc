/*
 * json/document.c
 *	  The fields of a document: handed out in its order, and put back.
 */
#include "postgres.h"

#include "client/report.h"
#include "json/cursor.h"
#include "json/document.h"

/* Is a scalar that is meant, a field? */
static bool
is_field(const EvcJsonCall *call, const JsonbValue *leaf)
{
	if (leaf->type == jbvNull)
		return false;
	return call->paths != NULL || evc_leaf_claims(leaf);
}

/* They return whether to go on. */
static bool
add_plaintext(const JsonbValue *leaf, EvcJsonAdd add, void *arg, EvcJsonRefusal *refusal)
{
	EvcPlain plain;
	EvwDatatype datatype;
	bool more;

	if (evc_leaf_is_sealed(leaf))
	{
		refusal->why = EVC_JSON_SEALED_TWICE;
		return false;
	}
	datatype = evc_leaf_encode(leaf, &plain);
	more = add(arg, plain.bytes, datatype);
	evc_plain_wipe(&plain);
	return more;
}

static bool
add_ciphertext(const JsonbValue *leaf, EvcJsonAdd add, void *arg, EvcJsonRefusal *refusal)
{
	EvwEnvelope envelope;
	EvwBytes bytes;
	bool more;

	refusal->status = evc_leaf_unseal(leaf, &bytes);
	if (refusal->status == EVW_OK)
		refusal->status = evw_envelope_parse(bytes, &envelope);
	if (refusal->status != EVW_OK)
	{
		refusal->why = EVC_JSON_NOT_SEALED;
		return false;
	}
	more = add(arg, bytes, envelope.datatype);
	pfree(unconstify(uint8_t *, bytes.data));
	return more;
}

/* Whether to go on. */
static bool
add_field(const EvcJsonCall *call, const JsonbValue *leaf, EvcJsonAdd add, void *arg,
		  EvcJsonRefusal *refusal)
{
	if (refusal->field++ == EVC_JSON_FIELDS_MAX)
	{
		refusal->why = EVC_JSON_TOO_MANY;
		return false;
	}
	return call->encrypts ? add_plaintext(leaf, add, arg, refusal)
						  : add_ciphertext(leaf, add, arg, refusal);
}

EvcJsonRefusal
evc_json_collect(const EvcJsonCall *call, Jsonb *document, EvcJsonAdd add, void *arg)
{
	EvcJsonRefusal refusal = {EVC_JSON_FINE};
	EvcJsonCursor cursor;
	JsonbValue value;
	bool meant;

	evc_json_cursor_init(&cursor, call->paths, document);
	while (evc_json_cursor_next(&cursor, &value, &meant) != WJB_DONE)
		if (meant && is_field(call, &value) &&
			!add_field(call, &value, add, arg, &refusal))
			break;
	if (cursor.too_deep)
		refusal.why = EVC_JSON_TOO_DEEP;
	return refusal;
}

void
evc_json_report(const EvcJsonRefusal *refusal)
{
	switch (refusal->why)
	{
		case EVC_JSON_FINE:
		case EVC_JSON_NOT_SEALED:
			break;
		case EVC_JSON_TOO_DEEP:
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("document nests deeper than the limit"),
					errdetail("The limit is %d levels.", EVC_JSON_DEPTH_MAX));
			break;
		case EVC_JSON_TOO_MANY:
			ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg(
						"document has more fields to encrypt or decrypt than the limit"),
					errdetail("The limit is %u fields.", EVC_JSON_FIELDS_MAX));
			break;
		case EVC_JSON_SEALED_TWICE:
			ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("a field to be encrypted is ciphertext, not plaintext"),
					errhint("A value that is encrypted already is not encrypted again."));
			break;
	}
	evc_report_status(refusal->status);
}

static void
replace(const EvcJsonCall *call, JsonbValue *leaf, EvwBytes bytes, EvwDatatype datatype)
{
	if (call->encrypts)
		evc_leaf_seal(leaf, bytes);
	else
		evc_leaf_decode(leaf, bytes, datatype, call->number);
}

Jsonb *
evc_json_rebuild(const EvcJsonCall *call, Jsonb *document, EvcJsonTake take, void *arg)
{
	JsonbParseState *state = NULL;
	JsonbValue *result = NULL;
	EvcJsonCursor cursor;
	JsonbIteratorToken token;
	JsonbValue value;
	uint32 field = 0;
	bool meant;

	evc_json_cursor_init(&cursor, call->paths, document);
	while ((token = evc_json_cursor_next(&cursor, &value, &meant)) != WJB_DONE)
	{
		if (meant && is_field(call, &value))
		{
			EvwDatatype datatype;
			EvwBytes bytes = take(arg, field++, &datatype);

			replace(call, &value, bytes, datatype);
		}
		result = pushJsonbValue(&state, token, token < WJB_BEGIN_ARRAY ? &value : NULL);
	}
	if (JB_ROOT_IS_SCALAR(document))
		result->val.array.rawScalar = true;
	return JsonbValueToJsonb(result);
}
