/*
 * copy/row.h
 *	  What a set of rows is made of, and one of its rows.
 *
 * In line, as every field of every row comes by here.
 */
#ifndef EVC_COPY_ROW_H
#define EVC_COPY_ROW_H

#include "postgres.h"

#include "batch/group.h"
#include "copy/shape.h"

typedef enum EvcCopyState
{
	EVC_COPY_VALUE,
	EVC_COPY_NULL,
	EVC_COPY_DEFAULT, /* the input asks for the column's default */
	EVC_COPY_UNBOUND  /* its context is NULL, which is an error when it is taken */
} EvcCopyState;

/* Where a ciphertext will be. */
typedef struct EvcCopyPlace
{
	EvcBatch *batch;
	EvcTicket ticket;
} EvcCopyPlace;

/* A row's part of a set's arrays. */
typedef struct EvcCopyRow
{
	Datum *values;		  /* a field */
	uint8 *states;		  /* likewise: an EvcCopyState */
	EvcCopyPlace *places; /* a ciphertext */
} EvcCopyRow;

typedef struct EvcCopyRows
{
	const EvcCopyShape *shape;
	MemoryContext owner;
	MemoryContext context; /* of the values; reset with the set */
	EvcBatchGroup *groups;
	bool in_flight;
	int capacity; /* rows that the arrays hold */
	int n_rows;
	int fed;			  /* rows that core knows of */
	int at;				  /* of those, the one that it is at; -1: none yet */
	size_t bytes;		  /* held, beside those in batches */
	Datum *values;		  /* of all rows */
	uint8 *states;		  /* likewise */
	EvcCopyPlace *places; /* likewise */
	EvcCopyRow added;	  /* the one that is being added */
	uint64 *lines;		  /* a row */
	uint32 *sizes;		  /* a row, likewise */
} EvcCopyRows;

/* The first row's part of the arrays, and from one row's to that of the next. */
static inline EvcCopyRow
evc_rows_first(const EvcCopyRows *rows)
{
	return (EvcCopyRow){rows->values, rows->states, rows->places};
}

static inline void
evc_rows_next(const EvcCopyShape *shape, EvcCopyRow *row)
{
	row->values += shape->n_fields;
	row->states += shape->n_fields;
	row->places += shape->n_places;
}

/*
 * Sets a field of the row being added.  Values that are kept are in rows->context;
 * those to be encrypted are copied.
 */
static inline void
evc_rows_set(EvcCopyRows *rows, int field, EvcCopyState state, Datum value)
{
	rows->added.states[field] = (uint8) state;
	rows->added.values[field] = value;
}

static inline EvcCopyState
evc_rows_state(const EvcCopyRows *rows, int row, int field)
{
	return (EvcCopyState) rows->states[(Size) row * rows->shape->n_fields + field];
}

#endif /* EVC_COPY_ROW_H */
