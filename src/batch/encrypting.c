/*
 * batch/encrypting.c
 *	  ENCRYPT: a plaintext goes in, an envelope comes out.
 */
#include "postgres.h"

#include "batch/marker_private.h"
#include "client/report.h"
#include "type/encrypted.h"

static EvwDatatype
encode(EvcMarker *marker, Datum argument, EvcPlain *plain)
{
	const char *string;

	if (!marker->takes_string)
		return evc_plaintype_encode(marker->type, argument, plain);
	string = DatumGetCString(argument);
	*plain = (EvcPlain){.bytes = {(const uint8_t *) string, strlen(string)}};
	if (!marker->takes_utf8)
		evc_plain_to_utf8(plain);
	return EVW_STRING;
}

static pg_noinline bool
add_other(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments,
		  EvcTicket *ticket)
{
	EvcPlain context = evc_marker_context(marker, arguments);
	EvcBatchValue value = {.context = context.bytes};
	EvcPlain plain;
	bool added;

	value.datatype = encode(marker, arguments[0].value, &plain);
	value.bytes = plain.bytes;
	added = evc_marker_add_value(batch, &value, ticket);
	evc_plain_wipe(&plain);
	evc_plain_wipe(&context);
	return added;
}

/* A text that lies there in ASCII, as most of them do, is UTF-8 in every encoding. */
static bool
add(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments, EvcTicket *ticket)
{
	struct varlena *text = (struct varlena *) DatumGetPointer(arguments[0].value);
	EvcBatchValue value = {.datatype = EVW_STRING};

	if (!marker->takes_text || marker->takes_string || marker->batches.bound ||
		VARATT_IS_COMPRESSED(text) || VARATT_IS_EXTERNAL(text))
		return add_other(marker, batch, arguments, ticket);
	value.bytes =
		(EvwBytes){(const uint8_t *) VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
	if (!evc_plain_is_ascii(value.bytes))
		return add_other(marker, batch, arguments, ticket);
	return evc_marker_add_value(batch, &value, ticket);
}

bool
evc_ciphertext_fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket)
{
	EvwBytes bytes;

	return evc_batch_result(batch, ticket.index, &bytes) != EVW_OK;
}

Datum
evc_ciphertext_take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null)
{
	EvwBytes bytes;
	EvwStatus status = evc_batch_result(batch, ticket.index, &bytes);

	if (status != EVW_OK)
		evc_report_status(status);
	*is_null = false;
	return evc_encrypted_new(bytes);
}

const EvcMarkerWork evc_encrypting = {.add = add,
									  .fails = evc_ciphertext_fails,
									  .take = evc_ciphertext_take};
