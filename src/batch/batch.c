/*
 * batch/batch.c
 *	  Values of one operation: collected, sent as one request, handed out.
 *
 * Values are copied once, to where the frame is sent from; results are handed
 * out where the reply lies.
 */
#include "postgres.h"

#include "batch/batch.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "client/buffer.h"
#include "client/call.h"
#include "client/report.h"
#include "guc.h"
#include "wire/limits.h"
#include "wire/writer.h"

StaticAssertDecl(NAMEDATALEN <= EVW_LABEL_MAX + 1, "a role name fits the label");

struct EvcBatch
{
	MemoryContext context;
	MemoryContextCallback wipe;
	EvwVerb verb;
	uint32 count;
	EvwBuf columns;	  /* begins with the bin of values, open until it is run */
	size_t mark;	  /* of that bin */
	EvwBuf lengths;	  /* 4 bytes a value */
	EvwBuf datatypes; /* 1 byte a value */
	bool typed;		  /* some are not strings */
	EvwBuf reply;
	EvwResult result; /* points into reply */
	uint32 *offsets;  /* of every value in the result's bytes */
};

static void
wipe(void *arg)
{
	EvcBatch *batch = arg;

	evc_buffer_wipe(&batch->columns);
	evc_buffer_wipe(&batch->lengths);
	evc_buffer_wipe(&batch->datatypes);
	evc_buffer_wipe(&batch->reply);
}

EvcBatch *
evc_batch_new(MemoryContext parent, EvwVerb verb)
{
	MemoryContext context =
		AllocSetContextCreate(parent, "evcrypt batch", ALLOCSET_SMALL_SIZES);
	EvcBatch *batch = MemoryContextAllocZero(context, sizeof(EvcBatch));

	batch->context = context;
	batch->verb = verb;
	evc_buffer_init(&batch->columns, context);
	evc_buffer_init(&batch->lengths, context);
	evc_buffer_init(&batch->datatypes, context);
	evc_buffer_init(&batch->reply, context);
	batch->wipe.func = wipe;
	batch->wipe.arg = batch;
	MemoryContextRegisterResetCallback(context, &batch->wipe);
	batch->mark = evw_write_bin_begin(&batch->columns);
	return batch;
}

void
evc_batch_add(EvcBatch *batch, EvwBytes value, EvwDatatype datatype)
{
	size_t max = batch->verb == EVW_VERB_ENCRYPT ? EVW_PLAINTEXT_MAX : EVW_ENVELOPE_MAX;
	uint8_t *length;

	if (value.len > max)
		evc_report_status(EVW_VALUE_TOO_LONG);
	if (batch->count == EVW_VALUES_MAX)
		evc_report_status(EVW_TOO_MANY_VALUES);
	if (batch->columns.len + value.len > EVW_FRAME_MAX)
		evc_report_status(EVW_FRAME_TOO_LONG);
	evw_buf_append(&batch->columns, value.data, value.len);
	length = evw_buf_extend(&batch->lengths, 4);
	evw_put_le32(length, (uint32_t) value.len);
	if (batch->verb == EVW_VERB_ENCRYPT)
		*evw_buf_extend(&batch->datatypes, 1) = (uint8_t) datatype;
	batch->typed |= datatype != EVW_STRING;
	batch->count++;
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
	if (!batch->typed || batch->verb != EVW_VERB_ENCRYPT)
		return 2;
	evw_write_bin(&batch->columns, bytes_of(&batch->datatypes));
	return 3;
}

/*
 * Name of the current role for E3's audit, UTF-8 whatever the database has:
 * where the name is not valid as it is, all but its ASCII is masked.
 */
static EvwBytes
role_label(void)
{
	char *name = GetUserNameFromId(GetUserId(), true);

	if (name == NULL)
		return (EvwBytes){NULL, 0};
	if (!pg_verify_mbstr(PG_UTF8, name, (int) strlen(name), true))
		for (char *at = name; *at != '\0'; at++)
			if (IS_HIGHBIT_SET(*at))
				*at = '?';
	return (EvwBytes){(const uint8_t *) name, strlen(name)};
}

static void
index_result(EvcBatch *batch)
{
	const uint8_t *length_at = batch->result.values.lengths.data;
	uint32 offset = 0;

	batch->offsets =
		MemoryContextAllocHuge(batch->context, sizeof(uint32) * Max(batch->count, 1));
	for (uint32 i = 0; i < batch->count; i++, length_at += 4)
	{
		batch->offsets[i] = offset;
		offset += evw_get_le32(length_at);
	}
}

void
evc_batch_run(EvcBatch *batch)
{
	MemoryContext caller = MemoryContextSwitchTo(batch->context);
	uint32 n_columns = finish_columns(batch);
	EvcRequest request = {
		.verb = batch->verb,
		.n_columns = n_columns,
		.columns = bytes_of(&batch->columns),
		.n_values = batch->count,
		.header = {.app = {(const uint8_t *) evc_app, strlen(evc_app)},
				   .curve = EVW_CURVE_P256,
				   .label = role_label()},
	};

	evc_guc_require_app();
	evc_call(&request, &batch->reply, &batch->result);
	evc_buffer_free(&batch->columns);
	index_result(batch);
	MemoryContextSwitchTo(caller);
}

EvwStatus
evc_batch_result(EvcBatch *batch, uint32 index, EvwBytes *result)
{
	const EvwResult *reply = &batch->result;
	uint8_t code;

	Assert(batch->offsets != NULL && index < batch->count);
	result->data = reply->values.bytes.data + batch->offsets[index];
	result->len = evw_get_le32(reply->values.lengths.data + (size_t) index * 4);
	code = reply->statuses.data != NULL ? reply->statuses.data[index] : 0;
	return code == 0 ? EVW_OK : (EvwStatus) (EVW_VALUE_STATUS_BASE + code);
}

void
evc_batch_free(EvcBatch *batch)
{
	MemoryContextDelete(batch->context);
}
