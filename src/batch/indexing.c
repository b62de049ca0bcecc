/*
 * batch/indexing.c
 *	  BLIND_INDEX: a plaintext goes in, its index comes out, or one for each index key.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "batch/marker_private.h"
#include "client/report.h"
#include "wire/limits.h"
#include "wire/report.h"

/* No encoding takes more than twice the bytes that UTF-8 takes. */
#define SERVER_VALUE_MAX (2 * (size_t) EVW_PLAINTEXT_MAX)

static bool
add(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments, EvcTicket *ticket)
{
	EvcPlain context = evc_marker_context(marker, arguments);
	EvcPlain plain =
		evc_marker_text(arguments[0].value, SERVER_VALUE_MAX, EVW_VALUE_TOO_LONG);
	const EvcBatchValue value = {plain.bytes, EVW_STRING, context.bytes};
	bool added = evc_marker_add_value(batch, &value, ticket);

	evc_plain_wipe(&plain);
	evc_plain_wipe(&context);
	return added;
}

static Datum
bytea_of(EvwBytes bytes)
{
	bytea *result = palloc(VARHDRSZ + bytes.len);

	SET_VARSIZE(result, VARHDRSZ + bytes.len);
	memcpy(VARDATA(result), bytes.data, bytes.len);
	return PointerGetDatum(result);
}

/* Each has its length before it, as docs/protocol.md says. */
static Datum
array_of(EvwBytes bytes)
{
	Datum indexes[EVW_INDEX_VERSIONS_MAX];
	int count = 0;

	while (bytes.len > 0)
	{
		EvwBytes index = {bytes.data + 1, bytes.data[0]};

		if (count == EVW_INDEX_VERSIONS_MAX || index.len >= bytes.len)
			evc_report_status(EVW_MALFORMED);
		indexes[count++] = bytea_of(index);
		bytes.data += 1 + index.len;
		bytes.len -= 1 + index.len;
	}
	return PointerGetDatum(
		construct_array(indexes, count, BYTEAOID, -1, false, TYPALIGN_INT));
}

static Datum
take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null)
{
	EvwBytes bytes;
	EvwStatus status = evc_batch_result(batch, ticket.index, &bytes);

	if (status != EVW_OK)
		evc_report_status(status);
	*is_null = false;
	return marker->batches.all ? array_of(bytes) : bytea_of(bytes);
}

const EvcMarkerWork evc_indexing = {.add = add,
									.fails = evc_ciphertext_fails,
									.take = take};
