/*
 * copy/feed.c
 *	  From rows that have been received to the COPY that inserts them.
 *
 * That COPY reads its input in the binary format, whose rows are the lengths of
 * their fields here, all 0, or -1 for NULL.  The function that would make a value
 * of a field's bytes hands out the value that is ready.  A new piece of input is
 * asked for only when all rows of the piece before have been inserted or copied,
 * so that their memory is free for other rows then.
 */
#include "postgres.h"

#include "copy/feed.h"

#include "executor/executor.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

#include "copy/context.h"
#include "copy/read.h"

static const char header[] = "PGCOPY\n\377\r\n\0"
							 "\0\0\0\0"
							 "\0\0\0";

StaticAssertDecl(sizeof(header) == 19, "signature, flags, length of the extension");

typedef struct Cursor
{
	uint8 *at;
	uint8 *end;
} Cursor;

static void
put16(Cursor *cursor, uint16 value)
{
	value = pg_hton16(value);
	memcpy(cursor->at, &value, sizeof(value));
	cursor->at += sizeof(value);
}

static void
put32(Cursor *cursor, uint32 value)
{
	value = pg_hton32(value);
	memcpy(cursor->at, &value, sizeof(value));
	cursor->at += sizeof(value);
}

static bool
has_room(const Cursor *cursor, const EvcLoad *load)
{
	size_t size = sizeof(uint16) + load->shape.n_fields * sizeof(uint32);

	return (size_t) (cursor->end - cursor->at) >= size;
}

static bool
has_defaults(const EvcLoad *load, const EvcCopyRows *rows, int row)
{
	for (int i = 0; rows->defaulted && i < load->shape.n_fields; i++)
		if (evc_rows_state(rows, row, i) == EVC_COPY_DEFAULT)
			return true;
	return false;
}

/*
 * A default is evaluated when core would: right before its row is inserted, in
 * memory that lives until then.
 */
static void
evaluate_defaults(EvcLoad *load, const EvcCopyRows *rows, int row)
{
	load->outer->cur_lineno = rows->lines[row];
	load->econtext->ecxt_per_tuple_memory = CurrentMemoryContext;
	for (int i = 0; i < load->shape.n_fields; i++)
		if (evc_rows_state(rows, row, i) == EVC_COPY_DEFAULT)
			load->default_values[i] =
				ExecEvalExpr(load->defaults[i], load->econtext, &load->default_nulls[i]);
}

static bool
is_null(const EvcLoad *load, const EvcCopyRows *rows, int row, int field)
{
	EvcCopyState state = evc_rows_state(rows, row, field);

	return state == EVC_COPY_DEFAULT ? load->default_nulls[field]
									 : state == EVC_COPY_NULL;
}

static void
write_row(Cursor *cursor, const EvcLoad *load, const EvcCopyRows *rows, int row)
{
	put16(cursor, (uint16) load->shape.n_fields);
	for (int i = 0; i < load->shape.n_fields; i++)
		put32(cursor, is_null(load, rows, row, i) ? PG_UINT32_MAX : 0);
}

/* Whole rows: as many as have room; one that has defaults comes alone. */
static void
write_rows(Cursor *cursor, EvcLoad *load)
{
	EvcCopyRows *rows = &load->sets[load->current];
	int first = rows->next;

	while (rows->next < rows->n_rows && has_room(cursor, load))
	{
		bool alone = has_defaults(load, rows, rows->next);

		if (alone && rows->next > first)
			return;
		if (alone)
			evaluate_defaults(load, rows, rows->next);
		write_row(cursor, load, rows, rows->next++);
		if (alone)
			return;
	}
}

/* What core shows in pg_stat_progress_copy is the input of the inner COPY. */
static int
count(EvcLoad *load, int written)
{
	if (load->outer != NULL && load->inner != NULL)
		load->outer->bytes_processed = load->inner->bytes_processed - written;
	return written;
}

int
evc_feed_read(void *buffer, int min, int max)
{
	EvcLoad *load = evc_load;
	EvcCopyRows *rows = &load->sets[load->current];
	Cursor cursor = {.at = buffer, .end = (uint8 *) buffer + max};

	if (!load->headed)
	{
		load->headed = true;
		memcpy(buffer, header, sizeof(header));
		return sizeof(header);
	}
	if (rows->next == rows->n_rows)
	{
		bool more = evc_context_advance(load);

		if (!more)
			return count(load, 0);
		load->at = -1;
	}
	load->phase = EVC_COPY_INSERTING;
	write_rows(&cursor, load);
	return count(load, (int) (cursor.at - (uint8 *) buffer));
}

/* The first field of the next row is asked for: errors from now on are that row's. */
static void
begin_row(EvcLoad *load)
{
	const EvcCopyRows *rows = &load->sets[load->current];

	load->at++;
	load->outer->cur_lineno = rows->lines[load->at];
	/* Core counts what it buffers by this. */
	load->outer->line_buf.len = (int) rows->sizes[load->at];
}

static Datum
value_of(const EvcLoad *load, int field, bool *null)
{
	const EvcCopyRows *rows = &load->sets[load->current];

	*null = is_null(load, rows, load->at, field);
	if (*null)
		return (Datum) 0;
	if (evc_rows_state(rows, load->at, field) == EVC_COPY_DEFAULT)
		return load->default_values[field];
	return evc_rows_value(rows, load->at, field);
}

/* In place of a receive function. */
static Datum
take_field(PG_FUNCTION_ARGS)
{
	EvcLoad *load = evc_load;
	EvcCopyField *field = fcinfo->flinfo->fn_extra;
	int number = (int) (field - load->shape.fields);
	Datum value;

	if (number == 0)
		begin_row(load);
	value = value_of(load, number, &fcinfo->isnull);
	if (OidIsValid(field->domain))
		domain_check(value, fcinfo->isnull, field->domain, &field->domain_cache,
					 load->context);
	return value;
}

void
evc_feed_attach(EvcLoad *load)
{
	for (int i = 0; i < load->shape.n_fields; i++)
	{
		EvcCopyField *field = &load->shape.fields[i];
		FmgrInfo *function = &load->outer->in_functions[field->number - 1];

		memset(function, 0, sizeof(*function));
		function->fn_addr = take_field;
		function->fn_oid = InvalidOid;
		function->fn_nargs = 3;
		function->fn_strict = false;
		function->fn_mcxt = load->context;
		function->fn_extra = field;
	}
}
