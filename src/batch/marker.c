/*
 * batch/marker.c
 *	  Arguments into a batch, results out of it: what all kinds have in common.
 */
#include "postgres.h"

#include "batch/marker.h"

#include "catalog/pg_type.h"

#include "batch/marker_private.h"
#include "client/report.h"
#include "wire/limits.h"

/* No encoding takes more than twice the bytes that UTF-8 takes. */
#define SERVER_CONTEXT_MAX (2 * (size_t) EVW_CONTEXT_MAX)

static const EvcMarkerWork *const works[] = {
	[EVC_MARKER_ENCRYPT] = &evc_encrypting,
	[EVC_MARKER_DECRYPT] = &evc_decrypting,
	[EVC_MARKER_DECRYPT_AS] = &evc_decrypting,
	[EVC_MARKER_TRY_DECRYPT] = &evc_decrypting,
	[EVC_MARKER_REENCRYPT] = &evc_reencrypting,
	[EVC_MARKER_BLIND_INDEX] = &evc_indexing,
	[EVC_MARKER_BLIND_INDEX_ALL] = &evc_indexing,
	[EVC_MARKER_ENCRYPT_FIELDS] = &evc_working_on_fields,
	[EVC_MARKER_DECRYPT_FIELDS] = &evc_working_on_fields,
};

static bool
is_text(Oid base)
{
	return base == TEXTOID || base == VARCHAROID || base == BPCHAROID;
}

EvcMarker *
evc_marker_new(MemoryContext owner, EvcMarkerKind kind, Oid plain, Oid encrypted,
			   int n_arguments)
{
	const EvcMarkerInfo *info = evc_marker_info(kind);
	EvcMarker *marker = MemoryContextAllocZero(owner, sizeof(EvcMarker));

	marker->kind = kind;
	marker->work = works[kind];
	marker->batches = evc_marker_batches(kind, n_arguments > info->context_at);
	marker->n_arguments = n_arguments;
	marker->owner = owner;
	if (kind == EVC_MARKER_ENCRYPT || kind == EVC_MARKER_DECRYPT_AS)
		marker->type = evc_plaintype_new(owner, plain, encrypted);
	marker->takes_text = kind == EVC_MARKER_ENCRYPT && is_text(marker->type->base);
	marker->gives_text = info->verb == EVW_VERB_DECRYPT &&
						 (marker->type == NULL || marker->type->type == TEXTOID);
	return marker;
}

void
evc_marker_refuse_null(void)
{
	ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("context is null"),
			errhint("An empty string is a context. A call without the argument has "
					"none."));
}

/* In the server encoding. */
static EvcPlain
server_text(Datum argument, size_t max, EvwStatus too_long)
{
	EvcPlain plain = {.made = NULL};
	struct varlena *text = PG_DETOAST_DATUM_PACKED(argument);

	if (VARSIZE_ANY_EXHDR(text) > max)
		evc_report_status(too_long);
	evc_plain_set(&plain, (Pointer) text != DatumGetPointer(argument) ? text : NULL,
				  VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
	return plain;
}

EvcPlain
evc_marker_text(Datum argument, size_t max, EvwStatus too_long)
{
	EvcPlain plain = server_text(argument, max, too_long);

	evc_plain_to_utf8(&plain);
	return plain;
}

EvcPlain
evc_marker_bound_context(const EvcMarker *marker, const NullableDatum *arguments)
{
	EvcPlain context =
		server_text(arguments[evc_marker_info(marker->kind)->context_at].value,
					SERVER_CONTEXT_MAX, EVW_CONTEXT_TOO_LONG);

	evc_plain_context_to_utf8(&context);
	return context;
}

bool
evc_marker_fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket)
{
	return works[kind]->fails(kind, batch, ticket);
}

void
evc_marker_check_null(EvcMarker *marker)
{
	if (marker->kind == EVC_MARKER_DECRYPT_AS)
		evc_plaintype_check_null(marker->type);
}
