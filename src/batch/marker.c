/*
 * batch/marker.c
 *	  Arguments into a batch, results out of it.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "batch/marker.h"
#include "client/report.h"
#include "type/encrypted.h"

EvcMarker *
evc_marker_new(MemoryContext owner, EvcMarkerKind kind, Oid plain, Oid encrypted)
{
	EvcMarker *marker = MemoryContextAllocZero(owner, sizeof(EvcMarker));

	marker->kind = kind;
	if (kind == EVC_MARKER_ENCRYPT || kind == EVC_MARKER_DECRYPT_AS)
		marker->type = evc_plaintype_new(owner, plain, encrypted);
	return marker;
}

EvwVerb
evc_marker_verb(EvcMarkerKind kind)
{
	return kind == EVC_MARKER_ENCRYPT ? EVW_VERB_ENCRYPT : EVW_VERB_DECRYPT;
}

static bool
add(EvcBatch *batch, EvwBytes value, EvwDatatype datatype, EvcTicket *ticket)
{
	if (evc_batch_count(batch) > 0 && !evc_batch_fits(batch, value.len))
		return false;
	ticket->datatype = datatype;
	ticket->index = evc_batch_add(batch, value, datatype);
	return true;
}

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

static bool
add_plaintext(EvcMarker *marker, EvcBatch *batch, Datum argument, EvcTicket *ticket)
{
	EvcPlain plain;
	EvwDatatype datatype = encode(marker, argument, &plain);
	bool added = add(batch, plain.bytes, datatype, ticket);

	evc_plain_wipe(&plain);
	return added;
}

static bool
add_ciphertext(EvcBatch *batch, Datum argument, EvcTicket *ticket)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(argument);
	EvwBytes bytes = evc_encrypted_bytes(value);
	bool added = add(batch, bytes, evc_encrypted_datatype(bytes), ticket);

	if ((Pointer) value != DatumGetPointer(argument))
		pfree(value);
	return added;
}

bool
evc_marker_add(EvcMarker *marker, EvcBatch *batch, Datum argument, EvcTicket *ticket)
{
	return marker->kind == EVC_MARKER_ENCRYPT
			   ? add_plaintext(marker, batch, argument, ticket)
			   : add_ciphertext(batch, argument, ticket);
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

bool
evc_marker_fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket)
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

void
evc_marker_check_null(EvcMarker *marker)
{
	if (marker->kind == EVC_MARKER_DECRYPT_AS)
		evc_plaintype_check_null(marker->type);
}

Datum
evc_marker_take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null)
{
	bool trying = marker->kind == EVC_MARKER_TRY_DECRYPT;
	EvwBytes bytes;
	EvwStatus status = evc_batch_result(batch, ticket.index, &bytes);

	*is_null = true;
	if (is_error(marker->kind, status))
		evc_report_status(status);
	if (status != EVW_OK || (trying && !evc_plain_is_text(bytes)))
		return (Datum) 0;
	*is_null = false;
	if (marker->kind == EVC_MARKER_ENCRYPT)
		return evc_encrypted_new(bytes);
	*is_null = is_null_number(ticket.datatype, bytes);
	if (*is_null)
	{
		evc_marker_check_null(marker);
		return (Datum) 0;
	}
	return marker->type != NULL ? evc_plaintype_decode(marker->type, bytes)
								: text_of(bytes);
}
