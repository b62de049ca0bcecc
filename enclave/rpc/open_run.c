/*
 * rpc/open_run.c
 *	  Opening short values of one ephemeral key together: those that begin, up to
 *	  their IVs, with the same bytes as the value that was opened last, and so want
 *	  the key that is at hand.
 *
 * Cancelling and the end of a slice have to wait for a run: it is no longer than what
 * is done between two looks at the clock (rpc/call.c).
 */
#include "rpc/opening.h"

#include "base/secret.h"

#include <string.h>

typedef struct Run
{
	E3AeadItem items[E3_RUN_VALUES];
	size_t n;
	size_t bytes; /* of the values */
} Run;

/* Up to its IV an envelope says which key it wants, and how. */
static bool
is_alike(const uint8_t *like, EvwBytes value)
{
	return value.len >= EVW_ENVELOPE_MIN &&
		   memcmp(value.data, like, EVW_ENVELOPE_HEAD - EVW_IV_LEN) == 0;
}

/* Does this value go with those of the run, and is there room to open it? */
static bool
fits(const Run *run, const uint8_t *like, EvwBytes value, size_t room)
{
	return value.len <= room && run->bytes + value.len <= E3_RUN_BYTES &&
		   is_alike(like, value);
}

/* To be opened at "out". */
static void
append(Run *run, EvwBytes value, uint8_t *out)
{
	run->items[run->n++] = (E3AeadItem){.out = out,
										.iv = value.data + EVW_ENVELOPE_HEAD - EVW_IV_LEN,
										.in = {value.data + EVW_ENVELOPE_HEAD,
											   value.len - EVW_ENVELOPE_HEAD}};
	run->bytes += value.len;
}

/* They are opened one after the other behind the reply's end, which has room. */
static void
gather(E3Opening *opening, Run *run)
{
	const E3Call *call = opening->call;
	const EvwBuf *reply = &call->reply;
	size_t most = evw_column_count(&call->request.values) - call->done;
	size_t room = reply->cap - reply->len;
	uint8_t *out = reply->data + reply->len;
	EvwColumnCursor cursor = opening->cursor;

	most = most < E3_RUN_VALUES ? most : E3_RUN_VALUES;
	most = e3_contexts_alike(&opening->contexts, (uint32_t) most);
	run->n = 0;
	run->bytes = 0;
	while (run->n < most && fits(run, opening->like, evw_column_peek(&cursor), room))
	{
		EvwBytes value = evw_column_next(&cursor);
		size_t len = value.len - EVW_ENVELOPE_MIN;

		append(run, value, out);
		out += len;
		room -= len;
	}
	opening->cursor = cursor;
}

/* Moves what has been opened together, and notes it; the first that is no outcome ends
 * it. */
static EvwStatus
finish(E3Opening *opening, const EvwEnvelope *envelope, const Run *run)
{
	EvwStatus status = EVW_OK;

	for (size_t i = 0; i < run->n && status == EVW_OK; i++)
		status = e3_open_settle(opening, envelope, &run->items[i]);
	return status;
}

EvwStatus
e3_open_run(E3Opening *opening, bool *any)
{
	EvwEnvelope envelope;
	EvwStatus status;
	Run run;

	*any = false;
	if (opening->like == NULL ||
		evw_envelope_parse((EvwBytes){opening->like, EVW_ENVELOPE_MIN}, &envelope) !=
			EVW_OK)
		return EVW_OK;
	gather(opening, &run);
	if (run.n == 0)
		return EVW_OK;
	*any = true;
	status = e3_contexts_bind(&opening->contexts, opening->scratch, &opening->key.aad);
	if (status != EVW_OK)
		return status;
	opening->hits += (uint32_t) run.n;
	opening->call->spent += (uint32_t) (run.bytes + (run.n - 1) * E3_COST_VALUE);
	e3_aead_open_many(opening->scratch,
					  e3_aad_for(&opening->key.aad, envelope.info, envelope.datatype),
					  run.items, run.n);
	return finish(opening, &envelope, &run);
}
