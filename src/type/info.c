/*
 * type/info.c
 *	  encrypted_info(): what a ciphertext says of itself, without E3.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "type/encrypted.h"
#include "wire/request.h"

PG_FUNCTION_INFO_V1(evc_encrypted_info);

/* In the order of the function's OUT parameters. */
typedef enum InfoColumn
{
	INFO_VERSION,
	INFO_CURVE,
	INFO_DATATYPE,
	INFO_BOUND,
	INFO_KEY_ID,
	INFO_STORED_BYTES,
	INFO_COLUMNS
} InfoColumn;

static Datum
hex_text(const uint8_t *bytes, size_t len)
{
	char hex[2 * EVW_HINT_LEN + 1];

	Assert(len <= EVW_HINT_LEN);
	hex[hex_encode((const char *) bytes, len, hex)] = '\0';
	return CStringGetTextDatum(hex);
}

Datum
evc_encrypted_info(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	Datum values[INFO_COLUMNS];
	bool nulls[INFO_COLUMNS] = {false};
	EvwEnvelope envelope;
	TupleDesc desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "encrypted_info must return a row type");
	evc_encrypted_open(value, &envelope);
	values[INFO_VERSION] = CStringGetTextDatum(envelope.info->name);
	nulls[INFO_VERSION] = envelope.tag == EVW_TAG_NONE;
	values[INFO_CURVE] = CStringGetTextDatum(evw_curve_name(envelope.info->curve));
	values[INFO_DATATYPE] = CStringGetTextDatum(evw_datatype_name(envelope.datatype));
	values[INFO_BOUND] = BoolGetDatum(envelope.info->aad == EVW_AAD_CONTEXT);
	values[INFO_KEY_ID] = hex_text(envelope.hint, EVW_HINT_LEN);
	nulls[INFO_KEY_ID] = !evw_hint_known(envelope.hint);
	values[INFO_STORED_BYTES] = Int32GetDatum((int32) evc_encrypted_bytes(value).len);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
