/*
 * batch/decrypting.c
 *	  DECRYPT and its kin: an envelope goes in, a plaintext comes out.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "batch/marker_private.h"
#include "client/report.h"
#include "type/encrypted.h"

/* One with a context, or that has to be fetched. */
static pg_noinline bool
add_other(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments,
		  EvcTicket *ticket)
{
	Datum argument = arguments[0].value;
	struct varlena *encrypted = PG_DETOAST_DATUM_PACKED(argument);
	EvcPlain context = evc_marker_context(marker, arguments);
	EvcBatchValue value = {evc_encrypted_bytes(encrypted), .context = context.bytes};
	bool added;

	value.datatype = evc_encrypted_datatype(value.bytes);
	added = evc_marker_add_value(batch, &value, ticket);
	evc_plain_wipe(&context);
	if ((Pointer) encrypted != DatumGetPointer(argument))
		pfree(encrypted);
	return added;
}

bool
evc_ciphertext_add(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments,
				   EvcTicket *ticket)
{
	struct varlena *argument = (struct varlena *) DatumGetPointer(arguments[0].value);
	EvcBatchValue value = {0};

	if (marker->batches.bound || VARATT_IS_COMPRESSED(argument) ||
		VARATT_IS_EXTERNAL(argument))
		return add_other(marker, batch, arguments, ticket);
	value.bytes = evc_encrypted_bytes(argument);
	value.datatype = evc_encrypted_datatype(value.bytes);
	return evc_marker_add_value(batch, &value, ticket);
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

static bool
is_error(EvcMarkerKind kind, EvwStatus status)
{
	return status != EVW_OK && !(kind == EVC_MARKER_TRY_DECRYPT && does_not_open(status));
}

static bool
fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket)
{
	EvwBytes bytes;

	return is_error(kind, evc_batch_result(batch, ticket.index, &bytes));
}

static Datum
text_of(EvwBytes bytes)
{
	EvcPlain plain = {.bytes = bytes};
	text *result;

	evc_plain_to_server(&plain);
	result =
		cstring_to_text_with_len((const char *) plain.bytes.data, (int) plain.bytes.len);
	evc_plain_wipe(&plain);
	return PointerGetDatum(result);
}

/* Other than a text that is ASCII, as most of them are. */
static pg_noinline Datum
take_other(EvcMarker *marker, EvcTicket ticket, EvwStatus status, EvwBytes bytes,
		   bool *is_null)
{
	bool trying = marker->kind == EVC_MARKER_TRY_DECRYPT;

	*is_null = true;
	if (is_error(marker->kind, status))
		evc_report_status(status);
	if (status != EVW_OK || (trying && !evc_plain_is_text(bytes)))
		return (Datum) 0;
	if (is_null_number(ticket.datatype, bytes))
	{
		evc_marker_check_null(marker);
		return (Datum) 0;
	}
	*is_null = false;
	return marker->type != NULL
			   ? evc_plaintype_decode(marker->type, bytes, ticket.datatype)
			   : text_of(bytes);
}

static Datum
take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null)
{
	EvwBytes bytes;
	EvwStatus status = evc_batch_result(batch, ticket.index, &bytes);

	if (status != EVW_OK || !marker->gives_text || ticket.datatype == EVW_NUMBER ||
		!evc_batch_is_ascii(batch))
		return take_other(marker, ticket, status, bytes, is_null);
	*is_null = false;
	return evc_marker_varlena(marker, bytes);
}

const EvcMarkerWork evc_decrypting = {.add = evc_ciphertext_add,
									  .fails = fails,
									  .take = take};
