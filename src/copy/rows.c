/*
 * copy/rows.c
 *	  Rows that have been read and are out for encryption or decryption together.
 */
#include "postgres.h"

#include "copy/rows.h"

#include "utils/memutils.h"

#define ROWS_FIRST 64

void
evc_rows_init(EvcCopyRows *rows, const EvcCopyShape *shape, MemoryContext owner)
{
	memset(rows, 0, sizeof(*rows));
	rows->shape = shape;
	rows->owner = owner;
	rows->at = -1;
	rows->context = AllocSetContextCreate(owner, "evcrypt rows", ALLOCSET_DEFAULT_SIZES);
}

void
evc_rows_reset(EvcCopyRows *rows)
{
	evc_group_reset(&rows->group);
	MemoryContextReset(rows->context);
	rows->in_flight = false;
	rows->n_rows = 0;
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
}

static EvcCopyPlace *
place_of(const EvcCopyRows *rows, int row, const EvcCopyField *field)
{
	return &rows->places[(Size) row * rows->shape->n_places + field->place];
}

void
evc_rows_collect(EvcCopyRows *rows, const EvcCopyField *field, Datum value)
{
	EvcCopyPlace *place = place_of(rows, rows->n_rows, field);
	NullableDatum argument = {value, false};

	place->batch = evc_group_add(&rows->group, rows->owner, field->marker, &argument,
								 &place->ticket);
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
	evc_group_send(&rows->group);
	rows->in_flight = true;
}

void
evc_rows_receive(EvcCopyRows *rows)
{
	if (rows->in_flight)
		evc_group_receive(&rows->group);
	rows->in_flight = false;
}

Datum
evc_rows_take(const EvcCopyRows *rows, int row, int field, bool *is_null)
{
	const EvcCopyField *what = &rows->shape->fields[field];
	EvcCopyPlace *place = place_of(rows, row, what);

	return evc_marker_take(what->marker, place->batch, place->ticket, is_null);
}
