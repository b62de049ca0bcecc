/*
 * copy/feed.c
 *	  From rows that have been received to the COPY that inserts them.
 *
 * That COPY believes that its input has no columns, and that all of them have
 * defaults: those of the input are ours, and each hands out the value that is
 * ready.  So nothing is written and parsed once more; all it reads are rows of no
 * fields.  It asks for more of them only when those before have been inserted or
 * copied, so that their memory is free for other rows then.
 */
#include "postgres.h"

#include "copy/feed.h"

#include "executor/executor.h"
#include "utils/builtins.h"

#include "compat_copy.h"
#include "copy/context.h"

/* Signature, flags and the length of an extension. */
static const char header[] = "PGCOPY\n\377\r\n\0"
							 "\0\0\0\0"
							 "\0\0\0";

StaticAssertDecl(sizeof(header) == 19, "what the binary format begins with");

/* The number of fields, which is all that there is of a row. */
#define ROW_LEN ((int) sizeof(int16))

/* What core takes for the default of a column. */
typedef struct Outlet
{
	ExprState state; /* first: core's view of it */
	EvcLoad *load;
	int field;
} Outlet;

/* What core shows in pg_stat_progress_copy is the input of the inner COPY. */
static void
show_progress(EvcLoad *load, int written)
{
	load->outer->bytes_processed = load->inner->bytes_processed - written;
}

/* At the end core says how many rows were skipped. */
int
evc_feed_read(void *buffer, int min, int max)
{
	EvcLoad *load = evc_load;
	EvcCopyRows *rows = &load->sets[load->current];
	int n_rows;

	if (load->outer == NULL)
	{
		memcpy(buffer, header, sizeof(header));
		return sizeof(header);
	}
	if (rows->fed == rows->n_rows)
	{
		(void) evc_context_advance(load);
		rows = &load->sets[load->current];
	}
	load->phase = EVC_COPY_INSERTING;
	if (rows->fed == rows->n_rows)
		evc_copy_tell_skipped(load->outer, load->inner);
	n_rows = Min(rows->n_rows - rows->fed, max / ROW_LEN);
	memset(buffer, 0, (size_t) n_rows * ROW_LEN);
	rows->fed += n_rows;
	show_progress(load, n_rows * ROW_LEN);
	return n_rows * ROW_LEN;
}

/* Errors from now on are about the next row. */
static void
begin_row(EvcLoad *load, EvcCopyRows *rows)
{
	rows->at++;
	load->outer->cur_lineno = rows->lines[rows->at];
	/* By this core counts what it buffers. */
	load->outer->line_buf.len = (int) rows->sizes[rows->at];
}

static Datum
value_of(const EvcLoad *load, const EvcCopyRows *rows, int field, ExprContext *econtext,
		 bool *is_null)
{
	EvcCopyState state = evc_rows_state(rows, rows->at, field);

	*is_null = state == EVC_COPY_NULL;
	if (state == EVC_COPY_DEFAULT)
		return ExecEvalExpr(load->defaults[field], econtext, is_null);
	return *is_null ? (Datum) 0 : evc_rows_value(rows, rows->at, field, is_null);
}

static Datum
hand_out(ExprState *state, ExprContext *econtext, bool *is_null)
{
	const Outlet *outlet = (const Outlet *) state;
	EvcLoad *load = outlet->load;
	EvcCopyRows *rows = &load->sets[load->current];
	EvcCopyField *field = &load->shape.fields[outlet->field];
	Datum value;

	if (outlet->field == 0)
		begin_row(load, rows);
	load->outer->cur_attname = field->name;
	value = value_of(load, rows, outlet->field, econtext, is_null);
	if (OidIsValid(field->domain))
		domain_check(value, *is_null, field->domain, &field->domain_cache, load->context);
	load->outer->cur_attname = NULL;
	return value;
}

/* Ours come before the real ones: the first of them knows which line it is. */
void
evc_feed_attach(EvcLoad *load)
{
	CopyFromState outer = load->outer;
	int n_fields = load->shape.n_fields;
	Outlet *outlets = palloc0(n_fields * sizeof(Outlet));

	for (int i = outer->num_defaults - 1; i >= 0; i--)
		evc_copy_put_default(outer, n_fields + i, outer->defmap[i],
							 evc_copy_get_default(outer, i));
	for (int i = 0; i < n_fields; i++)
	{
		outlets[i] = (Outlet){.state = {.type = T_ExprState, .evalfunc = hand_out},
							  .load = load,
							  .field = i};
		evc_copy_put_default(outer, i, load->shape.fields[i].number - 1,
							 &outlets[i].state);
	}
	outer->num_defaults += n_fields;
	outer->attnumlist = NIL;
}
