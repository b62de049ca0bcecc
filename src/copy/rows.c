/*
 * copy/rows.c
 *	  Rows that have been read and are out for encryption or decryption together.
 */
#include "postgres.h"

#include "copy/rows.h"

#include "utils/memutils.h"

#define ROWS_FIRST 64

void
evc_shape_group(EvcCopyShape *shape)
{
	for (int i = 0; i < shape->n_fields; i++)
	{
		EvcCopyField *field = &shape->fields[i];

		if (field->marker == NULL)
			continue;
		field->group = shape->n_groups;
		for (int j = 0; j < i && field->group == shape->n_groups; j++)
			if (shape->fields[j].marker != NULL &&
				evc_batch_kind_equal(shape->fields[j].marker->batches,
									 field->marker->batches))
				field->group = shape->fields[j].group;
		if (field->group == shape->n_groups)
			shape->n_groups++;
	}
}

static void
for_each_group(EvcCopyRows *rows, void (*act)(EvcBatchGroup *group))
{
	for (int i = 0; i < rows->shape->n_groups; i++)
		act(&rows->groups[i]);
}

void
evc_rows_init(EvcCopyRows *rows, const EvcCopyShape *shape, MemoryContext owner)
{
	memset(rows, 0, sizeof(*rows));
	rows->shape = shape;
	rows->owner = owner;
	rows->at = -1;
	rows->groups = MemoryContextAllocZero(owner, shape->n_groups * sizeof(EvcBatchGroup));
	rows->context = AllocSetContextCreate(owner, "evcrypt rows", ALLOCSET_DEFAULT_SIZES);
}

void
evc_rows_reset(EvcCopyRows *rows)
{
	for_each_group(rows, evc_group_reset);
	MemoryContextReset(rows->context);
	rows->in_flight = false;
	rows->n_rows = 0;
	rows->added = evc_rows_first(rows);
	rows->fed = 0;
	rows->at = -1;
	rows->bytes = 0;
}

static void *
grow(EvcCopyRows *rows, void *array, Size size)
{
	if (array == NULL)
		return MemoryContextAllocHuge(rows->owner, size);
	return repalloc_huge(array, size);
}

void
evc_rows_grow(EvcCopyRows *rows)
{
	Size capacity = rows->capacity == 0 ? ROWS_FIRST : (Size) rows->capacity * 2;
	Size fields = capacity * rows->shape->n_fields;
	Size places = capacity * rows->shape->n_places;

	rows->values = grow(rows, rows->values, fields * sizeof(Datum));
	rows->states = grow(rows, rows->states, fields * sizeof(uint8));
	rows->places = grow(rows, rows->places, places * sizeof(EvcCopyPlace));
	rows->lines = grow(rows, rows->lines, capacity * sizeof(uint64));
	rows->sizes = grow(rows, rows->sizes, capacity * sizeof(uint32));
	rows->capacity = (int) capacity;
	rows->added =
		(EvcCopyRow){rows->values + (Size) rows->n_rows * rows->shape->n_fields,
					 rows->states + (Size) rows->n_rows * rows->shape->n_fields,
					 rows->places + (Size) rows->n_rows * rows->shape->n_places};
}

static EvcCopyPlace *
place_of(const EvcCopyRows *rows, int row, const EvcCopyField *field)
{
	return &rows->places[(Size) row * rows->shape->n_places + field->place];
}

void
evc_rows_call_next(EvcCopyRows *rows, const EvcCopyField *field, EvcCopyPlace *place,
				   Datum value)
{
	NullableDatum argument = {value, false};

	place->batch = evc_group_add_to_next(&rows->groups[field->group], rows->owner,
										 field->marker, &argument, &place->ticket);
}

/* With a context, which a label says. */
static void
set_bound(EvcCopyRows *rows, int field, Datum value, NullableDatum other)
{
	const EvcCopyField *what = &rows->shape->fields[field];
	NullableDatum arguments[EVC_ARGUMENTS_MAX] = {{value, false}};
	EvcCopyPlace *place;
	NullableDatum *context = &arguments[evc_marker_info(what->marker->kind)->context_at];

	*context = evc_label_context(what->context, other);
	if (context->isnull)
	{
		evc_rows_set(rows, field, EVC_COPY_UNBOUND, (Datum) 0);
		return;
	}
	evc_rows_set(rows, field, EVC_COPY_VALUE, (Datum) 0);
	place = place_of(rows, rows->n_rows, what);
	place->batch = evc_group_add(&rows->groups[what->group], rows->owner, what->marker,
								 arguments, &place->ticket);
	pfree(DatumGetPointer(context->value));
}

void
evc_rows_set_called(EvcCopyRows *rows, int field, Datum value, NullableDatum other)
{
	const EvcCopyField *what = &rows->shape->fields[field];

	if (what->context != NULL)
	{
		set_bound(rows, field, value, other);
		return;
	}
	evc_rows_set(rows, field, EVC_COPY_VALUE, (Datum) 0);
	evc_rows_call(rows, what, place_of(rows, rows->n_rows, what), value);
}

/* A set without rows is never full, so it is emptied. */
void
evc_rows_skipped(EvcCopyRows *rows, size_t size)
{
	if (rows->n_rows == 0)
		MemoryContextReset(rows->context);
	else
		rows->bytes += size;
}

void
evc_rows_send(EvcCopyRows *rows)
{
	for_each_group(rows, evc_group_send);
	rows->in_flight = true;
}

void
evc_rows_receive(EvcCopyRows *rows)
{
	if (rows->in_flight)
		for_each_group(rows, evc_group_receive);
	rows->in_flight = false;
}

void
evc_rows_refuse_unbound(const EvcCopyField *field)
{
	ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			errmsg("context of column \"%s\" is null", field->name),
			errhint("Its security label binds it to a column of the same row, which must "
					"not be null."));
}

Datum
evc_rows_result(const EvcCopyRows *rows, int row, int field, bool *is_null)
{
	const EvcCopyField *what = &rows->shape->fields[field];
	EvcCopyPlace *place;

	if (evc_rows_state(rows, row, field) == EVC_COPY_UNBOUND)
		evc_rows_refuse_unbound(what);
	place = place_of(rows, row, what);
	return evc_marker_take(what->marker, place->batch, place->ticket, is_null);
}
