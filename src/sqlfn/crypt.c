/*
 * sqlfn/crypt.c
 *	  encrypt, decrypt, decrypt_as and try_decrypt of one value.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "batch/batch.h"
#include "client/report.h"
#include "sqlfn/plaintype.h"
#include "type/encrypted.h"

PG_FUNCTION_INFO_V1(evc_encrypt);
PG_FUNCTION_INFO_V1(evc_decrypt);
PG_FUNCTION_INFO_V1(evc_decrypt_as);
PG_FUNCTION_INFO_V1(evc_try_decrypt);

/* As the function was declared: an expression may be missing, a declaration not. */
static Oid
declared_type(FunctionCallInfo fcinfo, int argument)
{
	Oid *types;
	int n_types;

	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &n_types);
	Assert(argument < n_types);
	return types[argument];
}

/*
 * The plaintext's type is that of an argument; looked at once a query.  The type
 * "encrypted" is what the function returns, or else its first argument.
 */
static EvcPlainType *
plain_type(FunctionCallInfo fcinfo, int argument)
{
	FmgrInfo *function = fcinfo->flinfo;
	Oid encrypted;
	Oid type;

	if (function->fn_extra != NULL)
		return function->fn_extra;
	encrypted =
		argument == 0 ? get_func_rettype(function->fn_oid) : declared_type(fcinfo, 0);
	type = get_fn_expr_argtype(function, argument);
	if (!OidIsValid(type))
		type = declared_type(fcinfo, argument);
	function->fn_extra = evc_plaintype_new(function->fn_mcxt, type, encrypted);
	return function->fn_extra;
}

static EvwStatus
run(EvcBatch *batch, EvwBytes *result)
{
	evc_batch_run(batch);
	return evc_batch_result(batch, 0, result);
}

Datum
evc_encrypt(PG_FUNCTION_ARGS)
{
	EvcPlainType *type = plain_type(fcinfo, 0);
	EvcBatch *batch = evc_batch_new(CurrentMemoryContext, EVW_VERB_ENCRYPT);
	EvcPlain plain;
	EvwDatatype datatype = evc_plaintype_encode(type, PG_GETARG_DATUM(0), &plain);
	EvwBytes sealed;
	EvwStatus status;
	Datum value;

	evc_batch_add(batch, plain.bytes, datatype);
	evc_plain_wipe(&plain);
	status = run(batch, &sealed);
	if (status != EVW_OK)
		evc_report_status(status);
	value = evc_encrypted_new(sealed);
	evc_batch_free(batch);
	PG_RETURN_DATUM(value);
}

/* Statuses of a value that try_decrypt shows as NULL. */
static bool
does_not_open(EvwStatus status)
{
	switch (status)
	{
		case EVW_DOES_NOT_OPEN:
		case EVW_NOT_CIPHERTEXT:
		case EVW_UNKNOWN_KEY:
		case EVW_CONTEXT_MISSING:
		case EVW_CONTEXT_UNEXPECTED:
			return true;
		default:
			return false;
	}
}

/* An SDK writes NaN as the JSON text null, with datatype number. */
static bool
is_null_number(EvwDatatype datatype, EvwBytes bytes)
{
	return datatype == EVW_NUMBER && evw_bytes_equal(bytes, "null");
}

/*
 * Decrypts into "bytes", which live as long as the batch.  False if the value
 * is SQL NULL, or does not open and "trying".
 */
static bool
open_value(EvcBatch *batch, struct varlena *value, bool trying, EvwBytes *bytes)
{
	EvwEnvelope envelope;
	EvwStatus status;

	evc_encrypted_open(value, &envelope);
	evc_batch_add(batch, evc_encrypted_bytes(value), envelope.datatype);
	status = run(batch, bytes);
	if (trying && does_not_open(status))
		return false;
	if (status != EVW_OK)
		evc_report_status(status);
	return !is_null_number(envelope.datatype, *bytes);
}

/* decrypt and try_decrypt: the value as text. */
static Datum
decrypt_text(FunctionCallInfo fcinfo, bool trying)
{
	EvcBatch *batch = evc_batch_new(CurrentMemoryContext, EVW_VERB_DECRYPT);
	EvcPlain plain = {0};
	text *result = NULL;

	if (open_value(batch, PG_GETARG_VARLENA_PP(0), trying, &plain.bytes) &&
		(!trying || evc_plain_is_text(plain.bytes)))
	{
		evc_plain_to_server(&plain);
		result = cstring_to_text_with_len((const char *) plain.bytes.data,
										  (int) plain.bytes.len);
		evc_plain_wipe(&plain);
	}
	evc_batch_free(batch);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}

Datum
evc_decrypt(PG_FUNCTION_ARGS)
{
	return decrypt_text(fcinfo, false);
}

Datum
evc_try_decrypt(PG_FUNCTION_ARGS)
{
	return decrypt_text(fcinfo, true);
}

/* Not strict: the second argument is there for its type, and is NULL as a rule. */
Datum
evc_decrypt_as(PG_FUNCTION_ARGS)
{
	EvcPlainType *type = plain_type(fcinfo, 1);
	EvcBatch *batch;
	EvwBytes bytes;
	Datum value = (Datum) 0;

	fcinfo->isnull = PG_ARGISNULL(0);
	if (!fcinfo->isnull)
	{
		batch = evc_batch_new(CurrentMemoryContext, EVW_VERB_DECRYPT);
		fcinfo->isnull = !open_value(batch, PG_GETARG_VARLENA_PP(0), false, &bytes);
		if (!fcinfo->isnull)
			value = evc_plaintype_decode(type, bytes);
		evc_batch_free(batch);
	}
	if (fcinfo->isnull)
		evc_plaintype_check_null(type);
	return value;
}
