/*
 * exec/rowset.c
 *	  Rows that are out together: filled, sent, received, emitted.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "executor/executor.h"
#include "utils/rel.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "exec/rowset.h"

#define ROWS_FIRST 16

void
evc_rowset_init(EvcRowSet *set, const EvcRowShape *shape, MemoryContext owner)
{
	memset(set, 0, sizeof(*set));
	set->shape = shape;
	set->owner = owner;
	set->context = AllocSetContextCreate(owner, "evcrypt rows", ALLOCSET_DEFAULT_SIZES);
	set->groups = MemoryContextAllocZero(owner, shape->n_groups * sizeof(EvcBatchGroup));
}

static void
for_each_group(EvcRowSet *set, void (*act)(EvcBatchGroup *group))
{
	for (int i = 0; i < set->shape->n_groups; i++)
		act(&set->groups[i]);
}

void
evc_rowset_reset(EvcRowSet *set)
{
	for_each_group(set, evc_group_reset);
	MemoryContextReset(set->context);
	set->state = EVC_ROWS_EMPTY;
	set->n_rows = 0;
	set->kept_bytes = 0;
	set->next = 0;
}

static void *
grow_array(void *array, MemoryContext owner, Size size)
{
	if (array == NULL)
		return MemoryContextAllocHuge(owner, size);
	return repalloc_huge(array, size);
}

/* The arrays outlive resets, so they are not in the set's context. */
static void
grow(EvcRowSet *set)
{
	const EvcRowShape *shape = set->shape;
	MemoryContext owner = set->owner;
	Size rows = set->capacity == 0 ? ROWS_FIRST : (Size) set->capacity * 2;
	Size columns = rows * Max(shape->n_kept, 1);
	Size calls = rows * shape->n_calls;

	set->values = grow_array(set->values, owner, columns * sizeof(Datum));
	set->nulls = grow_array(set->nulls, owner, columns * sizeof(bool));
	set->places = grow_array(set->places, owner, calls * sizeof(EvcPlace));
	set->ids = grow_array(set->ids, owner, rows * sizeof(EvcRowId));
	set->capacity = (int) rows;
}

/* Copies the columns that are needed later. */
static void
keep_columns(EvcRowSet *set, TupleTableSlot *slot)
{
	const EvcRowShape *shape = set->shape;
	Datum *values = set->values + (Size) set->n_rows * shape->n_kept;
	bool *nulls = set->nulls + (Size) set->n_rows * shape->n_kept;
	MemoryContext caller;

	if (shape->n_kept == 0)
		return;
	caller = MemoryContextSwitchTo(set->context);
	slot_getsomeattrs(slot, shape->kept[shape->n_kept - 1] + 1);
	for (int i = 0; i < shape->n_kept; i++)
	{
		int column = shape->kept[i];
		Form_pg_attribute attribute = TupleDescAttr(shape->desc, column);

		nulls[i] = slot->tts_isnull[column];
		if (nulls[i])
			continue;
		values[i] =
			datumCopy(slot->tts_values[column], attribute->attbyval, attribute->attlen);
		if (!attribute->attbyval)
			set->kept_bytes += datumGetSize(values[i], false, attribute->attlen);
	}
	MemoryContextSwitchTo(caller);
}

/* The scan stands on this row now; when it is emitted, it will have gone on. */
static void
keep_id(EvcRowSet *set)
{
	const ScanState *scan = set->shape->scan;
	const TupleTableSlot *slot;

	if (scan == NULL)
		return;
	slot = scan->ss_ScanTupleSlot;
	set->ids[set->n_rows] = (EvcRowId){slot->tts_tid, slot->tts_tableOid};
	/* As execCurrentOf: the slot of an index-only scan knows no row. */
	if (IsA(scan, IndexOnlyScanState))
		set->ids[set->n_rows] =
			(EvcRowId){((const IndexOnlyScanState *) scan)->ioss_ScanDesc->xs_heaptid,
					   RelationGetRelid(scan->ss_currentRelation)};
}

/* Arguments go straight into the frames. */
static void
add_arguments(EvcRowSet *set, ExprContext *econtext)
{
	const EvcRowShape *shape = set->shape;
	EvcPlace *places = set->places + (Size) set->n_rows * shape->n_calls;

	for (int i = 0; i < shape->n_calls; i++)
	{
		EvcScanCall *call = &shape->calls[i];
		NullableDatum arguments[EVC_ARGUMENTS_MAX];

		places[i].outcome = evc_scan_call_evaluate(call, econtext, arguments);
		if (places[i].outcome == EVC_CALLED)
			places[i].batch =
				evc_group_add(&set->groups[call->group], set->owner,
							  evc_scan_call_marker(call), arguments, &places[i].ticket);
	}
}

/* So many bytes, or a batch that took no more. */
static inline bool
is_full(const EvcRowSet *set, size_t max_bytes)
{
	size_t bytes = set->kept_bytes;

	for (int i = 0; i < set->shape->n_groups; i++)
	{
		if (evc_group_is_full(&set->groups[i]))
			return true;
		bytes += evc_group_bytes(&set->groups[i]);
	}
	return bytes >= max_bytes;
}

void
evc_rowset_fill(EvcRowSet *set, const EvcSource *source, int max, size_t max_bytes,
				bool *ended)
{
	ExprContext *econtext = source->arguments;

	Assert(set->state == EVC_ROWS_EMPTY && set->n_rows == 0);
	while (set->n_rows < max && !is_full(set, max_bytes))
	{
		TupleTableSlot *slot = source->next(source->node, set->n_rows == 0, ended);
		MemoryContext caller;

		if (slot == NULL)
			return;
		if (set->n_rows == set->capacity)
			grow(set);
		ResetExprContext(econtext);
		econtext->ecxt_outertuple = slot;
		keep_columns(set, slot);
		keep_id(set);
		caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
		add_arguments(set, econtext);
		MemoryContextSwitchTo(caller);
		set->n_rows++;
	}
}

void
evc_rowset_send(EvcRowSet *set)
{
	for_each_group(set, evc_group_send);
	set->state = EVC_ROWS_IN_FLIGHT;
}

void
evc_rowset_receive(EvcRowSet *set)
{
	Assert(set->state == EVC_ROWS_IN_FLIGHT);
	for_each_group(set, evc_group_receive);
	set->state = EVC_ROWS_EMITTING;
}

static const EvcPlace *
next_places(const EvcRowSet *set)
{
	return set->places + (Size) set->next * set->shape->n_calls;
}

static bool
has_next(const EvcRowSet *set)
{
	return set->state == EVC_ROWS_EMITTING && set->next < set->n_rows;
}

bool
evc_rowset_next_fails(const EvcRowSet *set)
{
	const EvcPlace *places = next_places(set);

	if (!has_next(set))
		return false;
	for (int i = 0; i < set->shape->n_calls; i++)
		if (places[i].outcome == EVC_CONTEXT_NULL ||
			(places[i].outcome == EVC_CALLED &&
			 evc_marker_fails(set->shape->calls[i].kind, places[i].batch,
							  places[i].ticket)))
			return true;
	return false;
}

/* The result of a row's call; *is_null comes as true. */
static Datum
take(EvcScanCall *call, const EvcPlace *place, bool *is_null)
{
	switch (place->outcome)
	{
		case EVC_CALLED:
			return evc_marker_take(call->marker, place->batch, place->ticket, is_null);
		case EVC_ARGUMENT_NULL:
			if (call->kind == EVC_MARKER_DECRYPT_AS)
				evc_marker_check_null(evc_scan_call_marker(call));
			break;
		case EVC_CONTEXT_NULL:
			evc_marker_refuse_null();
		case EVC_SKIPPED:
			break;
	}
	return (Datum) 0;
}

static void
emit_columns(const EvcRowSet *set, Size row, TupleTableSlot *slot)
{
	const EvcRowShape *shape = set->shape;
	const Datum *values = set->values + row * shape->n_kept;
	const bool *nulls = set->nulls + row * shape->n_kept;

	for (int i = 0; i < shape->n_kept; i++)
	{
		slot->tts_values[shape->kept[i]] = values[i];
		slot->tts_isnull[shape->kept[i]] = nulls[i];
	}
}

bool
evc_rowset_emit(EvcRowSet *set, TupleTableSlot *slot)
{
	const EvcRowShape *shape = set->shape;
	const EvcPlace *places = next_places(set);
	Size row = set->next;

	if (!has_next(set))
		return false;
	set->next++;
	shape->space->used = 0;
	ExecClearTuple(slot);
	emit_columns(set, row, slot);
	for (int i = 0; i < shape->n_calls; i++)
	{
		slot->tts_isnull[shape->n_columns + i] = true;
		slot->tts_values[shape->n_columns + i] =
			take(&shape->calls[i], &places[i], &slot->tts_isnull[shape->n_columns + i]);
	}
	ExecStoreVirtualTuple(slot);
	if (shape->scan != NULL)
	{
		slot->tts_tid = set->ids[row].tid;
		slot->tts_tableOid = set->ids[row].table;
	}
	return true;
}
