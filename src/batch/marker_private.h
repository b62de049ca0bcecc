/*
 * batch/marker_private.h
 *	  What one kind of marker does; shared by the files that do it alone.
 */
#ifndef EVC_MARKER_PRIVATE_H
#define EVC_MARKER_PRIVATE_H

#include "postgres.h"

#include "batch/marker.h"
#include "value/plain.h"

extern const EvcMarkerWork evc_encrypting;	 /* batch/encrypting.c: ENCRYPT */
extern const EvcMarkerWork evc_decrypting;	 /* batch/decrypting.c: DECRYPT and its kin */
extern const EvcMarkerWork evc_reencrypting; /* batch/reencrypting.c: REENCRYPT */
extern const EvcMarkerWork evc_indexing;	 /* batch/indexing.c: BLIND_INDEX, _ALL */
extern const EvcMarkerWork evc_working_on_fields; /* batch/fields.c: those of JSON */

/* A varlena of these bytes, for who takes a result of this marker. */
static inline Datum
evc_marker_varlena(const EvcMarker *marker, EvwBytes bytes)
{
	EvcRowSpace *space = marker->space;
	size_t len = VARHDRSZ + bytes.len;
	struct varlena *result;

	if (space == NULL || len > space->size - space->used)
		result = palloc(len);
	else
	{
		result = (struct varlena *) (space->data + space->used);
		/* The size is a multiple of that, too. */
		space->used += INTALIGN(len);
	}
	SET_VARSIZE(result, len);
	memcpy(VARDATA(result), bytes.data, bytes.len);
	return PointerGetDatum(result);
}

/* batch/decrypting.c: add of a ciphertext.  batch/encrypting.c: fails and take of one. */
extern bool evc_ciphertext_add(EvcMarker *marker, EvcBatch *batch,
							   const NullableDatum *arguments, EvcTicket *ticket);
extern bool evc_ciphertext_fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket);
extern Datum evc_ciphertext_take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket,
								 bool *is_null);

/*
 * A text of the server encoding as UTF-8, for the caller to wipe; "too_long" is raised if
 * it has more bytes.
 */
extern EvcPlain evc_marker_text(Datum argument, size_t max, EvwStatus too_long);

/* evc_marker_context of a marker whose calls have one. */
extern EvcPlain evc_marker_bound_context(const EvcMarker *marker,
										 const NullableDatum *arguments);

/*
 * The context among the arguments as UTF-8, for the caller to wipe; empty if calls of
 * this marker have none.
 */
static inline EvcPlain
evc_marker_context(const EvcMarker *marker, const NullableDatum *arguments)
{
	return marker->batches.bound ? evc_marker_bound_context(marker, arguments)
								 : (EvcPlain){.made = NULL};
}

/*
 * Adds one value, or returns false if it does not fit beside others of which there is
 * one.
 */
static inline bool
evc_marker_add_value(EvcBatch *batch, const EvcBatchValue *value, EvcTicket *ticket)
{
	ticket->datatype = value->datatype;
	return evc_batch_add(batch, value, &ticket->index);
}

#endif /* EVC_MARKER_PRIVATE_H */
