/*
 * batch/batch.c
 *	  Values of one operation: collected, sent as one request, handed out.
 *
 * Values are copied once, to where the frame is sent from; results are handed
 * out where the reply lies.  A batch that is used again allocates nothing.
 */
#include "postgres.h"

#include "batch/batch.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "batch/dedup.h"
#include "client/buffer.h"
#include "client/report.h"
#include "guc.h"
#include "guc_credential.h"
#include "wire/limits.h"
#include "wire/writer.h"

StaticAssertDecl(NAMEDATALEN <= EVW_LABEL_MAX + 1, "a role name fits the label");

/* Longer buffers are not kept when a batch is reset. */
#define KEEP_MAX (16u << 20)

/* Of a frame: header, ids, and the heads of its columns. */
#define FRAME_ROOM (EVW_HEADER_MAX + 64)

/* What a reply has for a value beside its ciphertext's head, metadata included. */
#define METADATA_ROOM 64

/* What a frame has for a value beside its bytes: length, and datatype or status. */
#define VALUE_ROOM 5

struct EvcBatch
{
	MemoryContext context;
	MemoryContextCallback wipe;
	EvwVerb verb;
	uint32 count;
	EvwBuf columns;	  /* begins with the bin of values, open until it is sent */
	size_t mark;	  /* of that bin */
	EvwBuf lengths;	  /* 4 bytes a value */
	EvwBuf datatypes; /* 1 byte a value */
	bool typed;		  /* some are not strings */
	EvcDedup dedup;	  /* of ciphertexts */
	EvwCurve curve;	  /* of the first ciphertext, which the statistics count them by */
	char app[EVW_APP_MAX + 1];
	char label[EVW_LABEL_MAX + 1];
	char role[EVW_ROLE_MAX + 1];
	char *credential; /* in context; NULL: none */
	EvcCall *call;	  /* NULL: not sent */
	bool received;	  /* its result: */
	EvwResult result;
	uint32 *offsets;  /* of every value in the result's bytes */
	uint32 n_offsets; /* room for */
	EvcUsage usage;
};

static void
wipe(void *arg)
{
	EvcBatch *batch = arg;

	evc_buffer_wipe(&batch->columns);
	evc_buffer_wipe(&batch->lengths);
	evc_buffer_wipe(&batch->datatypes);
	if (batch->credential != NULL)
		explicit_bzero(batch->credential, strlen(batch->credential));
}

EvcBatch *
evc_batch_new(MemoryContext parent, EvwVerb verb)
{
	MemoryContext context =
		AllocSetContextCreate(parent, "evcrypt batch", ALLOCSET_SMALL_SIZES);
	EvcBatch *batch = MemoryContextAllocZero(context, sizeof(EvcBatch));

	evc_involved = true;
	batch->context = context;
	batch->verb = verb;
	evc_buffer_init(&batch->columns, context);
	evc_buffer_init(&batch->lengths, context);
	evc_buffer_init(&batch->datatypes, context);
	evc_dedup_init(&batch->dedup, context);
	batch->wipe.func = wipe;
	batch->wipe.arg = batch;
	MemoryContextRegisterResetCallback(context, &batch->wipe);
	batch->mark = evw_write_bin_begin(&batch->columns);
	return batch;
}

uint32
evc_batch_count(const EvcBatch *batch)
{
	return batch->count;
}

size_t
evc_batch_bytes(const EvcBatch *batch)
{
	return batch->columns.len - batch->mark;
}

bool
evc_batch_fits(const EvcBatch *batch, size_t len)
{
	size_t count = (size_t) batch->count + 1;
	size_t frame = evc_batch_bytes(batch) + len + count * VALUE_ROOM + FRAME_ROOM;

	/* What comes back is longer. */
	if (batch->verb == EVW_VERB_ENCRYPT)
		frame += count * (EVW_ENVELOPE_MIN + METADATA_ROOM);
	return count <= EVW_VALUES_MAX && frame <= EVW_FRAME_MAX;
}

static void
check_fits(const EvcBatch *batch, size_t len)
{
	size_t max = batch->verb == EVW_VERB_ENCRYPT ? EVW_PLAINTEXT_MAX : EVW_ENVELOPE_MAX;

	if (len > max)
		evc_report_status(EVW_VALUE_TOO_LONG);
	if (batch->count == EVW_VALUES_MAX)
		evc_report_status(EVW_TOO_MANY_VALUES);
	if (batch->columns.len + len > EVW_FRAME_MAX)
		evc_report_status(EVW_FRAME_TOO_LONG);
}

uint32
evc_batch_add(EvcBatch *batch, EvwBytes value, EvwDatatype datatype)
{
	Assert(batch->call == NULL);
	check_fits(batch, value.len);
	if (batch->verb == EVW_VERB_ENCRYPT)
	{
		*evw_buf_extend(&batch->datatypes, 1) = (uint8_t) datatype;
		batch->typed |= datatype != EVW_STRING;
	}
	else
	{
		int64 equal = evc_dedup_note(&batch->dedup, batch->columns.data, value,
									 batch->columns.len, batch->count);

		if (equal >= 0)
			return (uint32) equal;
		if (batch->count == 0)
			batch->curve = evw_tag_info(value.data[0])->curve;
	}
	evw_buf_append(&batch->columns, value.data, value.len);
	evw_put_le32(evw_buf_extend(&batch->lengths, 4), (uint32_t) value.len);
	return batch->count++;
}

static EvwBytes
bytes_of(const EvwBuf *buf)
{
	return (EvwBytes){buf->data, buf->len};
}

static EvwBytes
text_of(const char *text)
{
	return (EvwBytes){(const uint8_t *) text, strlen(text)};
}

/* Closes the values, and writes the other columns; returns how many objects. */
static uint32
finish_columns(EvcBatch *batch)
{
	evw_write_bin_end(&batch->columns, batch->mark);
	evw_write_bin(&batch->columns, bytes_of(&batch->lengths));
	if (!batch->typed)
		return 2;
	evw_write_bin(&batch->columns, bytes_of(&batch->datatypes));
	return 3;
}

/*
 * Name of the current role for E3's audit, UTF-8 whatever the database has:
 * where the name is not valid as it is, all but its ASCII is masked.
 */
static void
set_label(EvcBatch *batch)
{
	char *name = GetUserNameFromId(GetUserId(), true);

	strlcpy(batch->label, name != NULL ? name : "", sizeof(batch->label));
	if (name != NULL)
		pfree(name);
	if (!pg_verify_mbstr(PG_UTF8, batch->label, (int) strlen(batch->label), true))
		for (char *at = batch->label; *at != '\0'; at++)
			if (IS_HIGHBIT_SET(*at))
				*at = '?';
}

static void
set_format(EvcBatch *batch, EvwRequestHeader *header)
{
	const EvwTagInfo *info = evc_guc_format();

	header->curve = info->curve;
	header->format = text_of(info->name);
	header->values_per_key = (uint32) evc_max_values_per_key;
	strlcpy(batch->role, evc_guc_role(info), sizeof(batch->role));
	header->role = text_of(batch->role);
}

/* The one at hand is kept as long as it is the session's. */
static void
set_credential(EvcBatch *batch, EvwRequestHeader *header)
{
	if (batch->credential != NULL && strcmp(batch->credential, evc_credential) != 0)
	{
		explicit_bzero(batch->credential, strlen(batch->credential));
		pfree(batch->credential);
		batch->credential = NULL;
	}
	if (*evc_credential == '\0')
		return;
	if (batch->credential == NULL)
		batch->credential = MemoryContextStrdup(batch->context, evc_credential);
	header->credential = text_of(batch->credential);
}

void
evc_batch_send(EvcBatch *batch)
{
	EvcRequest request = {.verb = batch->verb, .n_values = batch->count};

	Assert(batch->call == NULL);
	if (batch->count == 0)
		return;
	evc_guc_require_app();
	request.n_columns = finish_columns(batch);
	request.columns = bytes_of(&batch->columns);
	set_label(batch);
	/* Settings may change before the request is repeated. */
	strlcpy(batch->app, evc_app, sizeof(batch->app));
	request.header.app = text_of(batch->app);
	request.header.curve = batch->curve;
	if (batch->verb == EVW_VERB_ENCRYPT)
		set_format(batch, &request.header);
	set_credential(batch, &request.header);
	request.header.label = text_of(batch->label);
	batch->call = evc_call_start(&request, batch->context);
}

void
evc_usage_add(EvcUsage *sum, const EvcUsage *more)
{
	sum->requests += more->requests;
	sum->values += more->values;
	sum->bytes_sent += more->bytes_sent;
	sum->bytes_received += more->bytes_received;
	sum->e3_ns += more->e3_ns;
	sum->wait_us += more->wait_us;
	sum->cache_hits += more->cache_hits;
}

static void
make_offsets(EvcBatch *batch)
{
	if (batch->n_offsets >= batch->count)
		return;
	if (batch->offsets != NULL)
		pfree(batch->offsets);
	batch->offsets = NULL;
	batch->n_offsets = 0;
	batch->offsets =
		MemoryContextAllocHuge(batch->context, sizeof(uint32) * batch->count);
	batch->n_offsets = batch->count;
}

static void
index_result(EvcBatch *batch)
{
	const uint8_t *length_at = batch->result.values.lengths.data;
	uint32 offset = 0;

	make_offsets(batch);
	for (uint32 i = 0; i < batch->count; i++, length_at += 4)
	{
		batch->offsets[i] = offset;
		offset += evw_get_le32(length_at);
	}
}

void
evc_batch_receive(EvcBatch *batch)
{
	if (batch->call == NULL || batch->received)
		return;
	evc_call_finish(batch->call, &batch->result);
	evc_usage_add(&batch->usage, evc_call_usage(batch->call));
	index_result(batch);
	batch->received = true;
}

void
evc_batch_run(EvcBatch *batch)
{
	evc_batch_send(batch);
	evc_batch_receive(batch);
}

EvwStatus
evc_batch_result(EvcBatch *batch, uint32 index, EvwBytes *result)
{
	const EvwResult *reply = &batch->result;
	uint8_t code;

	Assert(batch->received && index < batch->count);
	result->data = reply->values.bytes.data + batch->offsets[index];
	result->len = evw_get_le32(reply->values.lengths.data + (size_t) index * 4);
	code = reply->statuses.data != NULL ? reply->statuses.data[index] : 0;
	return code == 0 ? EVW_OK : (EvwStatus) (EVW_VALUE_STATUS_BASE + code);
}

const EvcUsage *
evc_batch_usage(const EvcBatch *batch)
{
	return &batch->usage;
}

static void
empty(EvwBuf *buf)
{
	if (buf->cap > KEEP_MAX)
		evc_buffer_free(buf);
	else
		evc_buffer_wipe(buf);
}

void
evc_batch_reset(EvcBatch *batch)
{
	if (batch->call != NULL)
		evc_call_drop(batch->call);
	batch->call = NULL;
	batch->received = false;
	/* Ciphertext is no secret. */
	if (batch->verb == EVW_VERB_DECRYPT)
		evc_buffer_clear(&batch->columns);
	empty(&batch->columns);
	empty(&batch->lengths);
	empty(&batch->datatypes);
	evc_dedup_reset(&batch->dedup);
	batch->mark = evw_write_bin_begin(&batch->columns);
	batch->count = 0;
	batch->typed = false;
}

void
evc_batch_free(EvcBatch *batch)
{
	MemoryContextDelete(batch->context);
}
