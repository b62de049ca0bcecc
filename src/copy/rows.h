/*
 * copy/rows.h
 *	  Rows that have been read and are out for encryption or decryption together.
 *
 *	  reserve, set, ..., added, ... -> send -> receive -> value, value, ... -> reset
 *
 * Columns are those that are copied, numbered from 0 in the order of the input.
 */
#ifndef EVC_COPY_ROWS_H
#define EVC_COPY_ROWS_H

#include "postgres.h"

#include "compat.h"
#include "copy/row.h"
#include "guc.h"

/* An empty set; its memory, batches and all, is below "owner". */
extern void evc_rows_init(EvcCopyRows *rows, const EvcCopyShape *shape,
						  MemoryContext owner);

/* Drops everything, in flight or not. */
extern void evc_rows_reset(EvcCopyRows *rows);

/* Has as many rows, or bytes, as the settings allow.  In line, as every row asks. */
static inline bool
evc_rows_full(const EvcCopyRows *rows)
{
	size_t bytes = rows->bytes;

	if (rows->n_rows >= evc_batch_rows)
		return true;
	for (int i = 0; i < rows->shape->n_groups; i++)
	{
		if (evc_group_is_full(&rows->groups[i]))
			return true;
		bytes += evc_group_bytes(&rows->groups[i]);
	}
	return bytes >= (size_t) evc_batch_kilobytes * 1024;
}

/* More room for rows. */
extern void evc_rows_grow(EvcCopyRows *rows);

/* Room for one more row, not counted before evc_rows_added or evc_rows_kept. */
static inline void
evc_rows_reserve(EvcCopyRows *rows)
{
	if (rows->n_rows == rows->capacity)
		evc_rows_grow(rows);
}

/* evc_rows_call where the batch, if there is one, does not take the value. */
extern void evc_rows_call_next(EvcCopyRows *rows, const EvcCopyField *field,
							   EvcCopyPlace *place, Datum value);

/*
 * evc_rows_set of a value that has a marker and is not NULL: without a context, or with
 * one, where "other" is the value of the column that the context needs, if it needs one.
 */
static inline void
evc_rows_call(EvcCopyRows *rows, const EvcCopyField *field, EvcCopyPlace *place,
			  Datum value)
{
	EvcBatchGroup *group = &rows->groups[field->group];
	NullableDatum argument = {value, false};

	place->batch = group->filling;
	if (place->batch == NULL ||
		!evc_marker_add(field->marker, place->batch, &argument, &place->ticket))
		evc_rows_call_next(rows, field, place, value);
}

extern void evc_rows_set_called(EvcCopyRows *rows, int field, Datum value,
								NullableDatum other);

/* The row is complete; of its values "size" bytes are held in rows->context. */
static inline void
evc_rows_kept(EvcCopyRows *rows, size_t size)
{
	rows->n_rows++;
	rows->bytes += size + rows->shape->n_fields * (sizeof(Datum) + sizeof(uint8));
	evc_rows_next(rows->shape, &rows->added);
}

/* The same of one that came from a line of the input. */
static inline void
evc_rows_added(EvcCopyRows *rows, uint64 line, size_t size)
{
	rows->lines[rows->n_rows] = line;
	rows->sizes[rows->n_rows] = (uint32) Min(size, PG_INT32_MAX);
	evc_rows_kept(rows, size);
}

/* A row that will not be added has left something in rows->context. */
extern void evc_rows_skipped(EvcCopyRows *rows, size_t size);

extern void evc_rows_send(EvcCopyRows *rows);
extern void evc_rows_receive(EvcCopyRows *rows);

/* Raises 22004: the context of a value in this field is NULL. */
pg_noreturn extern void evc_rows_refuse_unbound(const EvcCopyField *field);

/* evc_rows_value of a field that has a marker. */
extern Datum evc_rows_result(const EvcCopyRows *rows, int row, int field, bool *is_null);

/* Neither NULL nor a default; a result is in the current context, and may be NULL. */
static inline Datum
evc_rows_value(const EvcCopyRows *rows, int row, int field, bool *is_null)
{
	if (rows->shape->fields[field].marker != NULL)
		return evc_rows_result(rows, row, field, is_null);
	*is_null = false;
	return rows->values[(Size) row * rows->shape->n_fields + field];
}

#endif /* EVC_COPY_ROWS_H */
