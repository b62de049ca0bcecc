/*
 * type/encrypted.c
 *	  Input, output, receive and send of the type "encrypted".
 */
#include "postgres.h"

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "client/report.h"
#include "compat.h"
#include "type/encrypted.h"
#include "wire/evstring.h"

PG_FUNCTION_INFO_V1(evc_encrypted_in);
PG_FUNCTION_INFO_V1(evc_encrypted_out);
PG_FUNCTION_INFO_V1(evc_encrypted_recv);
PG_FUNCTION_INFO_V1(evc_encrypted_send);

static void
report_unless_ok(EvwStatus status)
{
	if (status != EVW_OK)
		evc_report_status(status);
}

void
evc_encrypted_open(struct varlena *value, EvwEnvelope *envelope)
{
	report_unless_ok(evw_envelope_parse(evc_encrypted_bytes(value), envelope));
}

Datum
evc_encrypted_in(PG_FUNCTION_ARGS)
{
	char *text = PG_GETARG_CSTRING(0);
	size_t len = strlen(text);
	struct varlena *value;
	size_t used;

	/* What is longer than that is refused before anything is written. */
	value = palloc(VARHDRSZ + evw_evstring_envelope_cap(Min(len, EVW_EVSTRING_MAX)));
	report_unless_ok(evw_evstring_parse(text, len, (uint8_t *) VARDATA(value), &used));
	SET_VARSIZE(value, VARHDRSZ + used);
	PG_RETURN_POINTER(value);
}

Datum
evc_encrypted_out(PG_FUNCTION_ARGS)
{
	EvwEnvelope envelope;
	size_t len;
	char *text;

	evc_encrypted_open(PG_GETARG_VARLENA_PP(0), &envelope);
	len = evw_evstring_len(&envelope);
	text = palloc(len + 1);
	evw_evstring_write(text, &envelope);
	text[len] = '\0';
	PG_RETURN_CSTRING(text);
}

Datum
evc_encrypted_recv(PG_FUNCTION_ARGS)
{
	StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
	int len = message->len - message->cursor;
	EvwBytes bytes = {(const uint8_t *) pq_getmsgbytes(message, len), (size_t) len};

	(void) evc_encrypted_datatype(bytes);
	PG_RETURN_BYTEA_P(cstring_to_text_with_len((const char *) bytes.data, len));
}

Datum
evc_encrypted_send(PG_FUNCTION_ARGS)
{
	/* As byteasend; a copy, which the caller may free. */
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}
