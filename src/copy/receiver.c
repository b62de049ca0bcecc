/*
 * copy/receiver.c
 *	  COPY TO ... DECRYPT: between the query and the COPY.
 *
 * When the query starts, its columns are given out as plaintext, so COPY writes
 * them by the plaintext's output functions; and its rows are sent here, where a set
 * of them is decrypted while the next one is read.  Nobody but core's COPY ever sees
 * such a column, and none before it holds plaintext.
 */
#include "postgres.h"

#include "copy/receiver.h"

#include "access/tupdesc.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "copy/options.h"
#include "copy/rows.h"
#include "guc.h"

/* After so many rows the memory of their values is used again: it is in the cache then.
 */
#define WRITTEN_ROWS 64

/* A COPY that core is about to execute. */
typedef struct EvcUnload
{
	struct EvcUnload *enclosing; /* one that has begun, and runs this one, or NULL */
	int n_copied;				 /* of the query's columns, the first ones */
	int n_columns;				 /* of the query */
	List *columns;
	bool attached;
} EvcUnload;

/* A field whose values are no Datums themselves, and that is not decrypted. */
typedef struct Pointers
{
	int number;	  /* of the field, from 0 */
	int16 length; /* of its type */
} Pointers;

/* One that is. */
typedef struct Called
{
	int number;
	const EvcCopyField *field;
} Called;

typedef struct Receiver
{
	DestReceiver public; /* first: the executor's view of it */
	DestReceiver *core;	 /* COPY's own */
	QueryDesc *query;
	EvcCopyShape shape;
	EvcCopyRows sets[EVC_BATCH_DEPTH_MAX];
	EvcCopyRows *filling; /* of these */
	Called *called;		  /* fields that are decrypted, in the order of places */
	int n_called;
	Pointers *pointers; /* and those that are copied */
	int n_pointers;
	TupleTableSlot *slot;  /* a row of plaintext */
	MemoryContext written; /* of its values, but for those in: */
	EvcRowSpace *space;
} Receiver;

static ExecutorStart_hook_type prev_executor_start_hook;
static EvcUnload *unloads; /* the innermost one */

static EvcCopyRows *
other_set(Receiver *receiver)
{
	return &receiver
				->sets[(receiver->filling - receiver->sets + 1) % EVC_BATCH_DEPTH_MAX];
}

/* NULL if there is none with this number. */
static NullableDatum
column_of(const TupleTableSlot *slot, AttrNumber number)
{
	if (number == InvalidAttrNumber)
		return (NullableDatum){(Datum) 0, true};
	return (NullableDatum){slot->tts_values[number - 1], slot->tts_isnull[number - 1]};
}

/* What the row's values are that point to somewhere: returns the bytes copied. */
static pg_noinline size_t
copy_values(Receiver *receiver, EvcCopyRows *rows, const EvcCopyRow *row)
{
	MemoryContext caller = MemoryContextSwitchTo(rows->context);
	size_t copied = 0;

	for (int i = 0; i < receiver->n_pointers; i++)
	{
		const Pointers *field = &receiver->pointers[i];
		Datum *value = &row->values[field->number];

		if (row->states[field->number] == EVC_COPY_NULL)
			continue;
		*value = datumCopy(*value, false, field->length);
		copied += datumGetSize(*value, false, field->length);
	}
	MemoryContextSwitchTo(caller);
	return copied;
}

/* Ciphertext goes straight into the batch; the rest is copied. */
static inline void
add_row(Receiver *receiver, EvcCopyRows *rows, TupleTableSlot *slot)
{
	int n_fields = receiver->shape.n_fields;
	size_t kept = 0;
	EvcCopyRow row;

	evc_rows_reserve(rows);
	slot_getallattrs(slot);
	row = rows->added;
	for (int i = 0; i < n_fields; i++)
	{
		row.values[i] = slot->tts_values[i];
		row.states[i] = slot->tts_isnull[i] ? EVC_COPY_NULL : EVC_COPY_VALUE;
	}
	if (receiver->n_pointers > 0)
		kept = copy_values(receiver, rows, &row);
	for (int i = 0; i < receiver->n_called; i++)
	{
		const EvcCopyField *field = receiver->called[i].field;
		int number = receiver->called[i].number;

		if (slot->tts_isnull[number])
			continue;
		if (field->context == NULL)
			evc_rows_call(rows, field, &row.places[i], slot->tts_values[number]);
		else
			evc_rows_set_called(rows, number, slot->tts_values[number],
								column_of(slot, field->bound_to));
	}
	evc_rows_kept(rows, kept);
}

/* Of a field that has a marker, other than what came back for it. */
static pg_noinline void
check_other(const EvcCopyField *field, EvcCopyState state)
{
	if (state == EVC_COPY_UNBOUND)
		evc_rows_refuse_unbound(field);
	evc_marker_check_null(field->marker);
}

static inline void
emit_row(Receiver *receiver, const EvcCopyRow *row)
{
	TupleTableSlot *slot = receiver->slot;
	int n_fields = receiver->shape.n_fields;

	receiver->space->used = 0;
	for (int i = 0; i < n_fields; i++)
	{
		slot->tts_values[i] = row->values[i];
		slot->tts_isnull[i] = row->states[i] == EVC_COPY_NULL;
	}
	for (int i = 0; i < receiver->n_called; i++)
	{
		const EvcCopyField *field = receiver->called[i].field;
		int number = receiver->called[i].number;
		const EvcCopyPlace *place = &row->places[i];

		if (row->states[number] == EVC_COPY_VALUE)
			slot->tts_values[number] =
				evc_marker_take(field->marker, place->batch, place->ticket,
								&slot->tts_isnull[number]);
		else
			check_other(field, (EvcCopyState) row->states[number]);
	}
	receiver->core->receiveSlot(slot, receiver->core);
}

/*
 * Hands a set of rows that is out over to COPY, and empties it.  COPY keeps nothing of a
 * slot, so that the next row may take the place of the one before.
 */
static void
emit(Receiver *receiver, EvcCopyRows *rows)
{
	EvcCopyRow row = evc_rows_first(rows);
	MemoryContext caller;

	evc_rows_receive(rows);
	caller = MemoryContextSwitchTo(receiver->written);
	ExecStoreVirtualTuple(receiver->slot);
	for (int i = 0; i < rows->n_rows; i++, evc_rows_next(&receiver->shape, &row))
	{
		if (i % WRITTEN_ROWS == 0)
		{
			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(receiver->written);
		}
		emit_row(receiver, &row);
	}
	MemoryContextSwitchTo(caller);
	ExecClearTuple(receiver->slot);
	MemoryContextReset(receiver->written);
	evc_rows_reset(rows);
}

/* A set is full: it goes out, and what was out before it is written. */
static void
turn(Receiver *receiver)
{
	EvcCopyRows *full = receiver->filling;

	evc_rows_send(full);
	if (other_set(receiver)->n_rows > 0)
		emit(receiver, other_set(receiver));
	if (evc_batch_depth == 1)
		emit(receiver, full);
	else
		receiver->filling = other_set(receiver);
}

static bool
receive(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;
	EvcCopyRows *rows = receiver->filling;

	add_row(receiver, rows, slot);
	if (evc_rows_full(rows))
		turn(receiver);
	return true;
}

static void
start_up(DestReceiver *self, int operation, TupleDesc desc)
{
	Receiver *receiver = (Receiver *) self;

	receiver->core->rStartup(receiver->core, operation, desc);
}

/* COPY looks for its own receiver, in the query, as soon as that has run. */
static void
shut_down(DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;

	if (receiver->filling->n_rows > 0)
		turn(receiver);
	if (other_set(receiver)->n_rows > 0)
		emit(receiver, other_set(receiver));
	receiver->query->dest = receiver->core;
	receiver->core->rShutdown(receiver->core);
}

static void
destroy(DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;

	receiver->core->rDestroy(receiver->core);
}

static void
init_shape(EvcCopyShape *shape, TupleDesc desc, const EvcUnload *unload,
		   EvcRowSpace *space)
{
	ListCell *cell;

	shape->n_fields = unload->n_copied;
	shape->fields = palloc0(shape->n_fields * sizeof(EvcCopyField));
	foreach (cell, unload->columns)
	{
		EvcCopyColumn *column = lfirst(cell);
		EvcCopyField *field = &shape->fields[column->number - 1];

		field->name = NameStr(TupleDescAttr(desc, column->number - 1)->attname);
		field->marker = evc_copy_marker(column, evc_copy_decrypt_kind(column));
		field->marker->space = space;
		field->bound_to = evc_copy_bound_to(column);
		if (column->label != NULL)
			field->context = evc_label_context_new(column->label, desc);
	}
	evc_shape_group(shape);
}

/* The fields that take more than to be passed on, in the order of the columns. */
static void
list_fields(Receiver *receiver, TupleDesc desc)
{
	EvcCopyShape *shape = &receiver->shape;

	receiver->called = palloc(shape->n_fields * sizeof(Called));
	receiver->pointers = palloc(shape->n_fields * sizeof(Pointers));
	for (int i = 0; i < shape->n_fields; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (shape->fields[i].marker != NULL)
		{
			shape->fields[i].place = receiver->n_called;
			receiver->called[receiver->n_called++] = (Called){i, &shape->fields[i]};
		}
		else if (!attribute->attbyval)
			receiver->pointers[receiver->n_pointers++] = (Pointers){i, attribute->attlen};
	}
	shape->n_places = receiver->n_called;
}

/* The query's columns as COPY is to see them. */
static TupleDesc
plain_desc(TupleDesc desc, const EvcUnload *unload)
{
	TupleDesc plain = CreateTemplateTupleDesc(unload->n_copied);
	ListCell *cell;

	for (AttrNumber number = 1; number <= unload->n_copied; number++)
		TupleDescCopyEntry(plain, number, desc, number);
	foreach (cell, unload->columns)
	{
		EvcCopyColumn *column = lfirst(cell);

		TupleDescInitEntry(plain, column->number,
						   NameStr(TupleDescAttr(desc, column->number - 1)->attname),
						   column->type, -1, 0);
	}
	return plain;
}

/* Lives as long as the query. */
static void
attach(EvcUnload *unload, QueryDesc *query)
{
	MemoryContext caller = MemoryContextSwitchTo(query->estate->es_query_cxt);
	Receiver *receiver = palloc0(sizeof(Receiver));

	unload->attached = true;
	receiver->public.receiveSlot = receive;
	receiver->public.rStartup = start_up;
	receiver->public.rShutdown = shut_down;
	receiver->public.rDestroy = destroy;
	receiver->public.mydest = DestCopyOut;
	receiver->core = query->dest;
	receiver->query = query;
	receiver->space = evc_row_space_new(CurrentMemoryContext);
	init_shape(&receiver->shape, query->tupDesc, unload, receiver->space);
	list_fields(receiver, query->tupDesc);
	receiver->filling = receiver->sets;
	for (int i = 0; i < EVC_BATCH_DEPTH_MAX; i++)
		evc_rows_init(&receiver->sets[i], &receiver->shape, CurrentMemoryContext);
	query->tupDesc = plain_desc(query->tupDesc, unload);
	receiver->slot = MakeTupleTableSlot(query->tupDesc, &TTSOpsVirtual);
	receiver->written = AllocSetContextCreate(CurrentMemoryContext, "evcrypt row",
											  ALLOCSET_DEFAULT_SIZES);
	query->dest = &receiver->public;
	MemoryContextSwitchTo(caller);
}

/*
 * The query of the COPY that has begun?  Its text may have been replaced by whoever
 * hides it, so it is known by who wants its rows, and by its columns.
 */
static bool
is_expected(const EvcUnload *unload, const QueryDesc *query)
{
	ListCell *cell;

	if (query->dest->mydest != DestCopyOut || query->tupDesc->natts != unload->n_columns)
		return false;
	foreach (cell, unload->columns)
	{
		EvcCopyColumn *column = lfirst(cell);
		Oid type = TupleDescAttr(query->tupDesc, column->number - 1)->atttypid;

		if (getBaseType(type) != column->encrypted)
			return false;
	}
	return true;
}

static void
start_executor(QueryDesc *query, int eflags)
{
	if (prev_executor_start_hook != NULL)
		prev_executor_start_hook(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	if (unloads != NULL && !unloads->attached && is_expected(unloads, query))
		attach(unloads, query);
}

EvcUnload *
evc_receiver_begin(int n_copied, int n_columns, List *columns)
{
	EvcUnload *unload = palloc(sizeof(EvcUnload));

	*unload = (EvcUnload){.enclosing = unloads,
						  .n_copied = n_copied,
						  .n_columns = n_columns,
						  .columns = columns};
	unloads = unload;
	return unload;
}

bool
evc_receiver_end(EvcUnload *unload)
{
	unloads = unload->enclosing;
	return unload->attached;
}

void
evc_receiver_init(void)
{
	prev_executor_start_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
