/*
 * batch/batch.c
 *	  Values of one operation: collected, sent as one request, handed out.
 *
 * Values are copied once, to where the frame is sent from; results are handed
 * out where the reply lies.  A batch that is used again allocates nothing.
 */
#include "postgres.h"

#include "batch/batch.h"

#include "utils/memutils.h"

#include "batch/contexts.h"
#include "batch/dedup.h"
#include "batch/header.h"
#include "client/buffer.h"
#include "client/report.h"
#include "guc.h"
#include "wire/limits.h"
#include "wire/report.h"
#include "wire/writer.h"

/* Of a frame: header, ids, and the heads of its columns. */
#define FRAME_ROOM (EVW_HEADER_MAX + 64)

/* What a reply has for a value beside its ciphertext's head, metadata included. */
#define METADATA_ROOM 64

/* Of a blind index, with its length. */
#define INDEX_ROOM 33

/* What a frame has for a value beside its bytes: length, and datatype or status. */
#define VALUE_ROOM 5

struct EvcBatch
{
	EvcBatchHead head; /* first: see there */
	MemoryContext context;
	MemoryContextCallback wipe;
	EvcBatchKind kind;
	uint32 count;
	EvwBuf columns; /* begins with the bin of values, open until it is sent */
	size_t mark;	/* of that bin */
	EvwBuf lengths; /* 4 bytes a value */
	size_t room;	/* that a frame, or its reply, needs for a value beside its bytes */
	size_t max;		/* bytes of a value */
	size_t quick; /* a shorter string needs no more than to be copied; see add_quickly */
	bool typed;	  /* some are not strings: */
	EvwBuf datatypes; /* 1 byte a value; empty if all are */
	EvcContexts contexts;
	EvcDedup dedup;		  /* of values that may share a result */
	MemoryContext memory; /* for what is kept; NULL: nothing was, ever */
	List *kept;			  /* in there */
	EvwCurve curve; /* of the first ciphertext, which the statistics count them by */
	EvcHeaderTexts texts;
	EvcCall *call; /* NULL: not sent */
	bool received;
	EvcUsage usage;
	size_t kept_bytes;
	EvcBatch *more; /* what a call has beyond a frame; NULL: nothing */
};

static void
wipe(void *arg)
{
	EvcBatch *batch = arg;

	evc_buffer_wipe(&batch->columns);
	evc_buffer_wipe(&batch->lengths);
	evc_buffer_wipe(&batch->datatypes);
	evc_contexts_wipe(&batch->contexts);
	evc_header_wipe(&batch->texts);
}

static bool
same_name(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

bool
evc_batch_kind_equal(EvcBatchKind one, EvcBatchKind other)
{
	return one.verb == other.verb && one.bound == other.bound && one.all == other.all &&
		   same_name(one.app, other.app) && same_name(one.role, other.role);
}

/* What comes back of a value may be longer than what goes out: by so much, at most. */
static size_t
reply_room(EvcBatchKind kind)
{
	switch (kind.verb)
	{
		case EVW_VERB_ENCRYPT:
			return EVW_ENVELOPE_MIN + METADATA_ROOM;
		case EVW_VERB_REENCRYPT:
			return METADATA_ROOM;
		case EVW_VERB_BLIND_INDEX:
			return kind.all ? EVW_INDEX_VERSIONS_MAX * INDEX_ROOM : INDEX_ROOM;
		default:
			return 0;
	}
}

static bool
takes_plaintexts(EvcBatchKind kind)
{
	return kind.verb == EVW_VERB_ENCRYPT || kind.verb == EVW_VERB_BLIND_INDEX;
}

EvcBatch *
evc_batch_new(MemoryContext parent, EvcBatchKind kind)
{
	MemoryContext context =
		AllocSetContextCreate(parent, "evcrypt batch", ALLOCSET_SMALL_SIZES);
	EvcBatch *batch = MemoryContextAllocZero(context, sizeof(EvcBatch));

	evc_involved = true;
	batch->context = context;
	batch->kind = kind;
	evc_buffer_init(&batch->columns, context);
	evc_buffer_init(&batch->lengths, context);
	evc_buffer_init(&batch->datatypes, context);
	evc_contexts_init(&batch->contexts, context);
	evc_dedup_init(&batch->dedup, context);
	batch->room = VALUE_ROOM + reply_room(kind);
	batch->max = takes_plaintexts(kind) ? EVW_PLAINTEXT_MAX : EVW_ENVELOPE_MAX;
	batch->wipe.func = wipe;
	batch->wipe.arg = batch;
	MemoryContextRegisterResetCallback(context, &batch->wipe);
	batch->mark = evw_write_bin_begin(&batch->columns);
	return batch;
}

uint32
evc_batch_count(const EvcBatch *batch)
{
	return batch->count + (batch->more == NULL ? 0 : evc_batch_count(batch->more));
}

/* Values were added or removed, or something is kept. */
static inline void
count_bytes(EvcBatch *batch)
{
	size_t bytes = batch->columns.len - batch->mark + batch->kept_bytes;

	if (batch->kind.bound)
		bytes += evc_contexts_size(&batch->contexts);
	if (batch->more != NULL)
		bytes += batch->more->head.bytes;
	batch->head.bytes = bytes;
}

/* Of the values with one more. */
static size_t
bytes_with(const EvcBatch *batch, const EvcBatchValue *value)
{
	size_t bytes = batch->columns.len - batch->mark + value->bytes.len;

	if (batch->kind.bound)
		bytes += evc_contexts_size_with(&batch->contexts, batch->count, value->context);
	return bytes;
}

static inline bool
fits(const EvcBatch *batch, const EvcBatchValue *value)
{
	size_t count = (size_t) batch->count + 1;
	size_t frame = bytes_with(batch, value) + count * batch->room + FRAME_ROOM;

	return batch->more == NULL && count <= EVW_VALUES_MAX && frame <= EVW_FRAME_MAX;
}

bool
evc_batch_fits(const EvcBatch *batch, const EvcBatchValue *value)
{
	return fits(batch, value);
}

static inline void
check_lengths(const EvcBatch *batch, const EvcBatchValue *value)
{
	if (value->bytes.len > batch->max)
		evc_report_status(EVW_VALUE_TOO_LONG);
	if (batch->kind.bound && value->context.len > EVW_CONTEXT_MAX)
		evc_report_status(EVW_CONTEXT_TOO_LONG);
}

/* Two encryptions of one value are two ciphertexts. */
static bool
may_share(const EvcBatch *batch)
{
	return batch->kind.verb == EVW_VERB_DECRYPT ||
		   batch->kind.verb == EVW_VERB_BLIND_INDEX;
}

/* The number of an equal value under the same context; -1: none is known. */
static int64
find_equal(EvcBatch *batch, const EvcBatchValue *value)
{
	int64 number = evc_dedup_note(&batch->dedup, batch->columns.data, value->bytes,
								  batch->columns.len, batch->count);

	if (number >= 0 && batch->kind.bound &&
		!evc_contexts_match(&batch->contexts, (uint32) number, value->context))
		return -1;
	return number;
}

/* As most batches are of strings alone, nothing is written before one that is not. */
static void
add_datatype(EvcBatch *batch, EvwDatatype datatype)
{
	if (!batch->typed && batch->count > 0)
		memset(evw_buf_extend(&batch->datatypes, batch->count), EVW_STRING, batch->count);
	batch->typed = true;
	*evw_buf_extend(&batch->datatypes, 1) = (uint8_t) datatype;
}

/* How long a value may be for which nothing is to be decided; 0: none, else one more. */
static size_t
quick_length(const EvcBatch *batch)
{
	size_t count = batch->count;
	size_t bytes = batch->columns.len - batch->mark;
	size_t taken = bytes + (count + 1) * batch->room + FRAME_ROOM;
	size_t most = (EVW_VALUES_MAX - count) * batch->room;

	if (batch->kind.bound || batch->typed || batch->more != NULL ||
		taken >= EVW_FRAME_MAX ||
		(may_share(batch) && evc_dedup_looks(&batch->dedup, count)))
		return 0;
	most = Min(most, EVW_FRAME_MAX - taken + 1);
	most = Min(most, batch->max + 1);
	return Min(most, batch->columns.cap - batch->columns.len);
}

/* Most values: each takes at least as much off "quick" as off all that made it up. */
static inline bool
add_quickly(EvcBatch *batch, const EvcBatchValue *value, uint32 *number)
{
	size_t len = value->bytes.len;
	size_t taken = len + batch->room;

	if (len >= batch->quick || batch->lengths.cap - batch->lengths.len < 4 ||
		(batch->kind.verb == EVW_VERB_ENCRYPT && value->datatype != EVW_STRING))
		return false;
	Assert(batch->call == NULL);
	memcpy(batch->columns.data + batch->columns.len, value->bytes.data, len);
	evw_put_le32(batch->lengths.data + batch->lengths.len, (uint32_t) len);
	batch->columns.len += len;
	batch->lengths.len += 4;
	batch->quick -= Min(taken, batch->quick);
	batch->head.bytes += len;
	*number = batch->count++;
	return true;
}

/* One that is short enough, and fits. */
static inline uint32
append(EvcBatch *batch, const EvcBatchValue *value)
{
	EvwBytes bytes = value->bytes;
	uint32 number;

	Assert(batch->call == NULL);
	if (batch->kind.verb == EVW_VERB_ENCRYPT)
	{
		if (batch->typed || value->datatype != EVW_STRING)
			add_datatype(batch, value->datatype);
	}
	else if (may_share(batch))
	{
		int64 equal = find_equal(batch, value);

		if (equal >= 0)
			return (uint32) equal;
	}
	if (batch->kind.verb == EVW_VERB_DECRYPT && batch->count == 0)
		batch->curve = evw_tag_info(bytes.data[0])->curve;
	if (batch->kind.bound)
		evc_contexts_add(&batch->contexts, batch->count, value->context);
	if (bytes.len > 0)
		memcpy(evw_buf_extend(&batch->columns, bytes.len), bytes.data, bytes.len);
	evw_put_le32(evw_buf_extend(&batch->lengths, 4), (uint32_t) bytes.len);
	count_bytes(batch);
	number = batch->count++;
	batch->quick = quick_length(batch);
	return number;
}

static pg_noinline bool
add(EvcBatch *batch, const EvcBatchValue *value, uint32 *number)
{
	if (batch->count > 0 && !fits(batch, value))
		return false;
	check_lengths(batch, value);
	if (batch->count == 0 && bytes_with(batch, value) > EVW_FRAME_MAX)
		evc_report_status(EVW_FRAME_TOO_LONG);
	*number = append(batch, value);
	return true;
}

bool
evc_batch_add(EvcBatch *batch, const EvcBatchValue *value, uint32 *number)
{
	return add_quickly(batch, value, number) || add(batch, value, number);
}

uint32
evc_batch_add_further(EvcBatch *batch, const EvcBatchValue *value)
{
	uint32 number;

	if (evc_batch_add(batch, value, &number))
		return number;
	if (batch->more == NULL)
		batch->more = evc_batch_new(batch->context, batch->kind);
	batch->quick = 0;
	number = batch->count + evc_batch_add_further(batch->more, value);
	count_bytes(batch);
	return number;
}

static void
drop_more(EvcBatch *batch)
{
	if (batch->more == NULL)
		return;
	evc_batch_reset(batch->more);
	evc_batch_free(batch->more);
	batch->more = NULL;
}

void
evc_batch_truncate(EvcBatch *batch, uint32 count)
{
	size_t len = batch->columns.len;

	Assert(batch->call == NULL && count <= evc_batch_count(batch));
	if (count > batch->count)
	{
		evc_batch_truncate(batch->more, count - batch->count);
		count_bytes(batch);
		return;
	}
	drop_more(batch);
	batch->quick = 0;
	for (uint32 i = count; i < batch->count; i++)
		len -= evw_get_le32(batch->lengths.data + (size_t) i * 4);
	evc_buffer_truncate(&batch->columns, len);
	evc_buffer_truncate(&batch->lengths, (size_t) count * 4);
	if (batch->typed)
		evc_buffer_truncate(&batch->datatypes, count);
	batch->count = count;
	evc_contexts_truncate(&batch->contexts, count);
	count_bytes(batch);
	/* It may have noted some that are no more. */
	evc_dedup_reset(&batch->dedup);
}

MemoryContext
evc_batch_memory(EvcBatch *batch)
{
	if (batch->memory == NULL)
		batch->memory = AllocSetContextCreate(batch->context, "evcrypt batch extras",
											  ALLOCSET_DEFAULT_SIZES);
	return batch->memory;
}

uint32
evc_batch_keep(EvcBatch *batch, void *what, size_t len)
{
	MemoryContext caller = MemoryContextSwitchTo(evc_batch_memory(batch));

	batch->kept = lappend(batch->kept, what);
	batch->kept_bytes += len;
	count_bytes(batch);
	MemoryContextSwitchTo(caller);
	return (uint32) list_length(batch->kept) - 1;
}

void *
evc_batch_kept(const EvcBatch *batch, uint32 number)
{
	return list_nth(batch->kept, (int) number);
}

static EvwBytes
bytes_of(const EvwBuf *buf)
{
	return (EvwBytes){buf->data, buf->len};
}

/* Closes the values, and writes the other columns; returns how many objects. */
static uint32
finish_columns(EvcBatch *batch)
{
	evw_write_bin_end(&batch->columns, batch->mark);
	evw_write_bin(&batch->columns, bytes_of(&batch->lengths));
	if (!batch->typed && !batch->kind.bound)
		return 2;
	if (batch->typed)
		evw_write_bin(&batch->columns, bytes_of(&batch->datatypes));
	else
		evw_write_nil(&batch->columns);
	if (!batch->kind.bound)
		return 3;
	evw_write_bin(&batch->columns, bytes_of(&batch->contexts.bytes));
	evw_write_bin(&batch->columns, bytes_of(&batch->contexts.lengths));
	return 5;
}

void
evc_batch_send(EvcBatch *batch)
{
	EvcRequest request = {.verb = batch->kind.verb, .n_values = batch->count};

	Assert(batch->call == NULL);
	if (batch->count == 0)
		return;
	if (batch->kind.app == NULL)
		evc_guc_require_app();
	request.n_columns = finish_columns(batch);
	request.columns = bytes_of(&batch->columns);
	evc_header_fill(&batch->texts, batch->context, batch->kind, batch->curve,
					&request.header);
	batch->call = evc_call_start(&request, batch->context);
	if (batch->more != NULL)
		evc_batch_send(batch->more);
}

void
evc_batch_receive(EvcBatch *batch)
{
	EvwResult result;

	if (batch->call == NULL || batch->received)
		return;
	evc_call_finish(batch->call, &result);
	evc_usage_add(&batch->usage, evc_call_usage(batch->call));
	evc_results_set(&batch->head.results, batch->context, &result, batch->count);
	if (batch->more != NULL)
	{
		evc_batch_receive(batch->more);
		evc_usage_add(&batch->usage, evc_batch_usage(batch->more));
		batch->head.results.further = &batch->more->head.results;
	}
	batch->received = true;
}

void
evc_batch_run(EvcBatch *batch)
{
	evc_batch_send(batch);
	evc_batch_receive(batch);
}

const EvcUsage *
evc_batch_usage(const EvcBatch *batch)
{
	return &batch->usage;
}

void
evc_batch_reset(EvcBatch *batch)
{
	if (batch->call != NULL)
		evc_call_drop(batch->call);
	batch->call = NULL;
	batch->received = false;
	evc_results_clear(&batch->head.results);
	batch->head.bytes = 0;
	batch->quick = 0;
	/* Ciphertext is no secret, unlike what it may be bound to. */
	if (batch->kind.verb == EVW_VERB_DECRYPT && !batch->kind.bound)
		evc_buffer_clear(&batch->columns);
	evc_buffer_reset(&batch->columns);
	evc_buffer_reset(&batch->lengths);
	evc_buffer_reset(&batch->datatypes);
	evc_contexts_reset(&batch->contexts);
	evc_dedup_reset(&batch->dedup);
	if (batch->memory != NULL)
		MemoryContextReset(batch->memory);
	batch->kept = NIL;
	batch->kept_bytes = 0;
	drop_more(batch);
	batch->mark = evw_write_bin_begin(&batch->columns);
	batch->count = 0;
	batch->typed = false;
}

void
evc_batch_free(EvcBatch *batch)
{
	MemoryContextDelete(batch->context);
}
