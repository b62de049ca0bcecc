/*
 * batch/fields.c
 *	  ENCRYPT_FIELDS and DECRYPT_FIELDS: a document goes in, its fields as so many
 *	  values, and comes out again with what has become of them.
 *
 * The document is kept with the batch until its result is taken.  What is wrong with
 * it is kept as well, and raised only then: a batch reads rows ahead.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "batch/marker_private.h"
#include "client/report.h"
#include "json/document.h"

#define FIELDS_FIRST 16

/* What a marker remembers. */
typedef struct Memory
{
	MemoryContext owner;
	ArrayType *texts; /* those of the first call, and as a rule of all */
	EvcPaths *paths;
	EvcPlainType *number;
} Memory;

/* Where the result of one field will be. */
typedef struct Field
{
	uint32 index; /* in the batch */
	EvwDatatype datatype;
} Field;

/* A document in a batch. */
typedef struct Kept
{
	EvcJsonCall call;
	Jsonb *document;
	EvcJsonRefusal refusal;
	uint32 count;
	uint32 room;
	Field *fields;
} Kept;

static Memory *
memory_of(EvcMarker *marker)
{
	Memory *memory = marker->memory;

	if (memory != NULL)
		return memory;
	memory = MemoryContextAllocZero(marker->owner, sizeof(Memory));
	memory->owner = marker->owner;
	memory->number = evc_plaintype_new(marker->owner, NUMERICOID, InvalidOid);
	marker->memory = memory;
	return memory;
}

static bool
are_equal(const ArrayType *one, const ArrayType *other)
{
	return VARSIZE(one) == VARSIZE(other) && memcmp(one, other, VARSIZE(one)) == 0;
}

/* Those of the first call are read once; others live as long as their batch. */
static const EvcPaths *
paths_of(Memory *memory, EvcBatch *batch, Datum argument)
{
	ArrayType *texts = DatumGetArrayTypeP(argument);
	Size len = VARSIZE(texts);

	if (memory->texts != NULL)
		return are_equal(memory->texts, texts)
				   ? memory->paths
				   : evc_paths_new(evc_batch_memory(batch), texts);
	memory->paths = evc_paths_new(memory->owner, texts);
	memory->texts = memcpy(MemoryContextAlloc(memory->owner, len), texts, len);
	return memory->paths;
}

/* Plaintext would stay where it was meant to go. */
static void
refuse_no_paths(void)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("no paths: nothing would be encrypted"),
			errhint("The path of the whole document is '{}', and an array of that path "
					"is '{\"{}\"}'."));
}

static Kept *
keep(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments)
{
	Memory *memory = memory_of(marker);
	Kept *kept = MemoryContextAllocZero(evc_batch_memory(batch), sizeof(Kept));
	MemoryContext caller;

	kept->call.encrypts = marker->kind == EVC_MARKER_ENCRYPT_FIELDS;
	kept->call.number = memory->number;
	if (marker->n_arguments > 1)
		kept->call.paths = paths_of(memory, batch, arguments[1].value);
	if (kept->call.encrypts && kept->call.paths->count == 0)
		refuse_no_paths();
	caller = MemoryContextSwitchTo(evc_batch_memory(batch));
	kept->document = DatumGetJsonbPCopy(arguments[0].value);
	MemoryContextSwitchTo(caller);
	return kept;
}

/* A document whose fields are being added. */
typedef struct Adding
{
	EvcBatch *batch;
	uint32 before; /* values that were there */
	bool full;	   /* something does not fit beside them */
	EvwBytes context;
	Kept *kept;
} Adding;

static void
grow(Kept *kept, MemoryContext memory)
{
	kept->room = Max(kept->room * 2, FIELDS_FIRST);
	kept->fields = kept->fields == NULL
					   ? MemoryContextAlloc(memory, kept->room * sizeof(Field))
					   : repalloc(kept->fields, kept->room * sizeof(Field));
}

static bool
add_field(void *arg, EvwBytes bytes, EvwDatatype datatype)
{
	Adding *adding = arg;
	Kept *kept = adding->kept;
	const EvcBatchValue value = {bytes, datatype, adding->context};

	adding->full = adding->before > 0 && !evc_batch_fits(adding->batch, &value);
	if (adding->full)
		return false;
	if (kept->count == kept->room)
		grow(kept, evc_batch_memory(adding->batch));
	kept->fields[kept->count++] =
		(Field){evc_batch_add_further(adding->batch, &value), datatype};
	return true;
}

static void
forget(Kept *kept)
{
	pfree(kept->document);
	if (kept->fields != NULL)
		pfree(kept->fields);
	pfree(kept);
}

static bool
add(EvcMarker *marker, EvcBatch *batch, const NullableDatum *arguments, EvcTicket *ticket)
{
	EvcPlain context = evc_marker_context(marker, arguments);
	Kept *kept = keep(marker, batch, arguments);
	Adding adding = {batch, evc_batch_count(batch), false, context.bytes, kept};

	kept->refusal = evc_json_collect(&kept->call, kept->document, add_field, &adding);
	evc_plain_wipe(&context);
	if (adding.full || kept->refusal.why != EVC_JSON_FINE)
		evc_batch_truncate(batch, adding.before);
	if (adding.full)
	{
		forget(kept);
		return false;
	}
	ticket->index = evc_batch_keep(batch, kept, VARSIZE(kept->document));
	return true;
}

static bool
fails(EvcMarkerKind kind, EvcBatch *batch, EvcTicket ticket)
{
	const Kept *kept = evc_batch_kept(batch, ticket.index);
	EvwBytes bytes;

	if (kept->refusal.why != EVC_JSON_FINE)
		return true;
	for (uint32 i = 0; i < kept->count; i++)
		if (evc_batch_result(batch, kept->fields[i].index, &bytes) != EVW_OK)
			return true;
	return false;
}

/* A document whose fields are taken. */
typedef struct Taking
{
	EvcBatch *batch;
	const Kept *kept;
	uint32 field; /* from 1 */
} Taking;

static EvwBytes
take_field(void *arg, uint32 field, EvwDatatype *datatype)
{
	Taking *taking = arg;
	const Field *place = &taking->kept->fields[field];
	EvwBytes bytes;
	EvwStatus status = evc_batch_result(taking->batch, place->index, &bytes);

	taking->field = field + 1;
	if (status != EVW_OK)
		evc_report_status(status);
	*datatype = place->datatype;
	return bytes;
}

/* Keys and paths may hold data, so a field has a number. */
static void
say_which(void *arg)
{
	const Taking *taking = arg;

	if (taking->field > 0)
		errcontext("field %u of the document", taking->field);
}

static Jsonb *
copy_of(const Jsonb *document)
{
	return memcpy(palloc(VARSIZE(document)), document, VARSIZE(document));
}

static Jsonb *
rebuild(Taking *taking)
{
	const Kept *kept = taking->kept;
	ErrorContextCallback callback = {error_context_stack, say_which, taking};
	Jsonb *result;

	error_context_stack = &callback;
	if (kept->refusal.why != EVC_JSON_FINE)
	{
		taking->field = kept->refusal.field;
		evc_json_report(&kept->refusal);
	}
	result = kept->count == 0
				 ? copy_of(kept->document)
				 : evc_json_rebuild(&kept->call, kept->document, take_field, taking);
	error_context_stack = callback.previous;
	return result;
}

static Datum
take(EvcMarker *marker, EvcBatch *batch, EvcTicket ticket, bool *is_null)
{
	Taking taking = {batch, evc_batch_kept(batch, ticket.index), 0};

	*is_null = false;
	return JsonbPGetDatum(rebuild(&taking));
}

const EvcMarkerWork evc_working_on_fields = {.add = add, .fails = fails, .take = take};
