/*
 * copy/read.c
 *	  From the input to rows that are out.
 *
 * While E3 works on one set of rows the next one is parsed; while that is out,
 * the first is inserted.
 */
#include "postgres.h"

#include "copy/read.h"

#include "commands/progress.h"
#include "executor/executor.h"
#include "pgstat.h"
#include "utils/backend_progress.h"

#include "compat_copy.h"

/* As core says it, but for the value; and not all releases keep the column. */
static void
tell_of_skipped(const CopyFromStateData *inner)
{
	unsigned long long line = inner->cur_lineno;

	if (inner->cur_attname != NULL)
		ereport(NOTICE, errmsg("skipping row due to data type incompatibility at line "
							   "%llu for column \"%s\"",
							   line, inner->cur_attname));
	else
		ereport(NOTICE,
				errmsg("skipping row due to data type incompatibility at line %llu",
					   line));
}

/* The row that has just been read could not be parsed, and ON_ERROR forgives that. */
static void
skip_row(EvcLoad *load)
{
	uint64 skipped = evc_copy_skipped(load->inner);
	int64 limit = evc_copy_reject_limit(load->inner);

	evc_copy_forgive(load->inner);
	pgstat_progress_update_param(EVC_COPY_TUPLES_SKIPPED, (int64) skipped);
	if (load->verbose)
		tell_of_skipped(load->inner);
	if (limit > 0 && skipped > (uint64) limit)
		ereport(ERROR, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("skipped more than REJECT_LIMIT (%lld) rows due to data type "
					   "incompatibility",
					   (long long) limit));
}

typedef enum RowRead
{
	ROW_READ, /* load->values are its */
	ROW_SKIPPED,
	INPUT_ENDED
} RowRead;

static RowRead
read_row(EvcLoad *load)
{
	CHECK_FOR_INTERRUPTS();
	load->phase = EVC_COPY_PARSING;
	if (!NextCopyFrom(load->inner, load->econtext, load->values, load->nulls))
		return INPUT_ENDED;
	load->phase = EVC_COPY_SKIPPING;
	if (!evc_copy_row_failed(load->inner))
		return ROW_READ;
	skip_row(load);
	return ROW_SKIPPED;
}

static EvcCopyState
state_of(const EvcLoad *load, int field)
{
	int column = load->shape.fields[field].number - 1;

	if (field >= load->n_input || evc_copy_is_marked(load->inner, column))
		return EVC_COPY_DEFAULT;
	return load->nulls[column] ? EVC_COPY_NULL : EVC_COPY_VALUE;
}

/*
 * What contexts need must be known now: defaults are evaluated here, in the order in
 * which core does it, and not once more when the row is inserted.
 */
static EvcCopyState
settle(EvcLoad *load, int field)
{
	int column = load->shape.fields[field].number - 1;

	load->nulls[column] = true;
	if (load->defaults[field] != NULL)
		load->values[column] =
			ExecEvalExpr(load->defaults[field], load->econtext, &load->nulls[column]);
	return load->nulls[column] ? EVC_COPY_NULL : EVC_COPY_VALUE;
}

static void
set_field(EvcLoad *load, EvcCopyRows *rows, int i)
{
	const EvcCopyField *field = &load->shape.fields[i];
	EvcCopyState state = (EvcCopyState) load->states[i];
	Datum value = load->values[field->number - 1];
	NullableDatum other = {(Datum) 0, true};

	if (state != EVC_COPY_VALUE || field->marker == NULL)
	{
		evc_rows_set(rows, i, state, value);
		return;
	}
	if (field->bound_to != InvalidAttrNumber)
		other = (NullableDatum){load->values[field->bound_to - 1],
								load->nulls[field->bound_to - 1]};
	evc_rows_set_called(rows, i, value, other);
	if (evc_rows_state(rows, rows->n_rows, i) == EVC_COPY_UNBOUND)
		evc_rows_refuse_unbound(field);
}

static void
add_row(EvcLoad *load, EvcCopyRows *rows, size_t size)
{
	load->phase = EVC_COPY_ENCODING;
	evc_rows_reserve(rows);
	for (int i = 0; i < load->shape.n_fields; i++)
	{
		load->encoding = i;
		load->states[i] = (uint8) state_of(load, i);
		if (load->states[i] == EVC_COPY_DEFAULT && evc_load_settles(load, i))
			load->states[i] = (uint8) settle(load, i);
	}
	for (int i = 0; i < load->shape.n_fields; i++)
	{
		load->encoding = i;
		set_field(load, rows, i);
	}
	evc_rows_added(rows, load->inner->cur_lineno, size);
}

/* Bytes of binary input that have been taken out of the reader's buffers. */
static inline uint64
bytes_read(const CopyFromStateData *inner)
{
	return inner->bytes_processed - RAW_BUF_BYTES(inner);
}

/* How long the row that has just been read was; roughly, where it is converted. */
static size_t
size_of_row(const CopyFromStateData *inner, uint64 before)
{
	return inner->opts.binary ? bytes_read(inner) - before : inner->line_buf.len;
}

static void
fill(EvcLoad *load, EvcCopyRows *rows)
{
	MemoryContext caller = MemoryContextSwitchTo(rows->context);

	load->econtext->ecxt_per_tuple_memory = rows->context;
	while (!load->ended && !evc_rows_full(rows))
	{
		uint64 before = bytes_read(load->inner);
		RowRead read = read_row(load);

		if (read == ROW_READ)
			add_row(load, rows, size_of_row(load->inner, before));
		else if (read == ROW_SKIPPED)
			evc_rows_skipped(rows, size_of_row(load->inner, before));
		else
			load->ended = true;
	}
	MemoryContextSwitchTo(caller);
	load->phase = EVC_COPY_ENCRYPTING;
	if (rows->n_rows > 0)
		evc_rows_send(rows);
}

static EvcCopyRows *
other_set(EvcLoad *load)
{
	return &load->sets[(load->current + 1) % EVC_COPY_SETS];
}

bool
evc_load_advance(EvcLoad *load)
{
	EvcCopyRows *done = &load->sets[load->current];
	EvcCopyRows *next = other_set(load);

	evc_rows_reset(done);
	if (next->n_rows == 0)
		fill(load, next);
	if (evc_batch_depth > 1)
		fill(load, done);
	load->phase = EVC_COPY_ENCRYPTING;
	evc_rows_receive(next);
	load->current = (load->current + 1) % EVC_COPY_SETS;
	return next->n_rows > 0;
}
