/*
 * copy/context.c
 *	  Where in the input an error is, without what stands there.
 */
#include "postgres.h"

#include "copy/context.h"

#include "copy/read.h"

/* Column that an error of this phase is about, or NULL. */
static const char *
column_of(const EvcLoad *load)
{
	switch (load->phase)
	{
		case EVC_COPY_PARSING:
		case EVC_COPY_SKIPPING:
			return load->inner->cur_attname;
		case EVC_COPY_ENCODING:
			return load->shape.fields[load->encoding].name;
		case EVC_COPY_INSERTING:
			return load->outer->cur_attname;
		default:
			return NULL;
	}
}

/* Rows that have been sent, and wait: the error is about one of them, or about all. */
static char *
text_of_batch(const EvcLoad *load)
{
	const EvcCopyRows *rows = &load->sets[(load->current + 1) % EVC_COPY_SETS];

	if (rows->n_rows == 0)
		return psprintf("COPY %s", load->table);
	return psprintf("COPY %s, lines %llu to %llu", load->table,
					(unsigned long long) rows->lines[0],
					(unsigned long long) rows->lines[rows->n_rows - 1]);
}

char *
evc_context_text(const EvcLoad *load)
{
	const CopyFromStateData *at =
		load->phase == EVC_COPY_INSERTING ? load->outer : load->inner;
	const char *column;

	if (at == NULL || load->phase == EVC_COPY_SETUP)
		return psprintf("COPY %s", load->table);
	if (load->phase == EVC_COPY_ENCRYPTING)
		return text_of_batch(load);
	column = column_of(load);
	if (column == NULL)
		return psprintf("COPY %s, line %llu", load->table,
						(unsigned long long) at->cur_lineno);
	return psprintf("COPY %s, line %llu, column %s", load->table,
					(unsigned long long) at->cur_lineno, column);
}

static void
show(void *arg)
{
	char *text = evc_context_text(arg);

	errcontext("%s", text);
	pfree(text);
}

bool
evc_context_advance(EvcLoad *load)
{
	ErrorContextCallback *before = error_context_stack;
	ErrorContextCallback callback = {.previous = load->callers,
									 .callback = show,
									 .arg = load};
	bool more;

	error_context_stack = &callback;
	more = evc_load_advance(load);
	error_context_stack = before;
	return more;
}
