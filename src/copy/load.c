/*
 * copy/load.c
 *	  COPY FROM ... ENCRYPT, from its statement to its row count.
 */
#include "postgres.h"

#include "copy/load.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat_copy.h"
#include "copy/check.h"
#include "copy/defaults.h"
#include "copy/feed.h"
#include "copy/functions.h"
#include "copy/message.h"
#include "copy/options.h"
#include "copy/read.h"
#include "copy/state.h"
#include "copy/template.h"

EvcLoad *evc_load;

/* What a load is made of. */
typedef struct Target
{
	ParseState *pstate;
	CopyStmt *stmt;
	Relation rel;
	List *copied;  /* numbers of the columns in the input */
	List *columns; /* EvcCopyColumn: those to be encrypted */
	List *fields;  /* numbers: those copied, and those that are evaluated with them */
	Node *where;
} Target;

static void
init_field(EvcLoad *load, const Target *target, int i)
{
	AttrNumber number = list_nth_int(target->fields, i);
	Form_pg_attribute attribute =
		TupleDescAttr(RelationGetDescr(target->rel), number - 1);
	EvcCopyColumn *column = evc_copy_column(target->columns, number);
	EvcCopyField *field = &load->shape.fields[i];

	field->number = number;
	field->name = pstrdup(NameStr(attribute->attname));
	if (column == NULL)
		return;
	field->place = load->shape.n_places++;
	field->marker = evc_copy_marker(column, EVC_MARKER_ENCRYPT);
	field->bound_to = evc_copy_bound_to(column);
	if (column->label != NULL)
		field->context =
			evc_label_context_new(column->label, RelationGetDescr(target->rel));
	if (attribute->atttypid != column->encrypted)
		field->domain = attribute->atttypid;
}

/* In the load's memory context. */
static EvcLoad *
new_load(const Target *target)
{
	EvcLoad *load = palloc0(sizeof(EvcLoad));
	int n_columns = RelationGetNumberOfAttributes(target->rel);
	int n_fields = list_length(target->fields);

	load->enclosing = evc_load;
	load->context = CurrentMemoryContext;
	load->batches =
		AllocSetContextCreate(load->context, "evcrypt load", ALLOCSET_SMALL_SIZES);
	load->told =
		AllocSetContextCreate(load->context, "evcrypt error", ALLOCSET_SMALL_SIZES);
	load->table = pstrdup(RelationGetRelationName(target->rel));
	load->shape.n_fields = n_fields;
	load->shape.fields = palloc0(n_fields * sizeof(EvcCopyField));
	for (int i = 0; i < n_fields; i++)
		init_field(load, target, i);
	evc_shape_group(&load->shape);
	load->n_input = list_length(target->copied);
	load->states = palloc(n_fields * sizeof(uint8));
	for (int i = 0; i < n_fields; i++)
		load->settles |= load->shape.fields[i].bound_to != InvalidAttrNumber;
	load->values = palloc(n_columns * sizeof(Datum));
	load->nulls = palloc(n_columns * sizeof(bool));
	load->econtext = makeNode(ExprContext);
	for (int i = 0; i < EVC_COPY_SETS; i++)
		evc_rows_init(&load->sets[i], &load->shape, load->batches);
	return load;
}

/* What concerns the insertion; the rest is the reader's. */
static List *
outer_options(List *options)
{
	List *outer =
		list_make1(makeDefElem("format", (Node *) makeString(pstrdup("binary")), -1));
	ListCell *cell;

	foreach (cell, options)
	{
		DefElem *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "freeze") == 0)
			outer = lappend(outer, option);
	}
	return outer;
}

/*
 * Fields need no receive functions here, and other columns none at all, which
 * their types may lack; so core is shown text in their place.  Those that are not
 * in the input keep their types where they can, for the sake of their defaults.
 */
static Relation
outer_template(const Target *target, List **hidden)
{
	Relation template = evc_template_new(target->rel);
	TupleDesc desc = RelationGetDescr(template);

	*hidden = NIL;
	for (AttrNumber number = 1; number <= desc->natts; number++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, number - 1);
		bool copied = list_member_int(target->fields, number);

		if (attribute->attisdropped ||
			(!copied && evc_copy_has_receive(attribute->atttypid)))
			continue;
		if (!copied)
			*hidden = lappend_int(*hidden, number);
		evc_template_set_type(template, number, TEXTOID, -1);
	}
	return template;
}

/* To core, what is evaluated with the input is part of it. */
static List *
names_of_fields(const EvcLoad *load, const Target *target)
{
	List *names = NIL;

	if (load->n_input == load->shape.n_fields)
		return target->stmt->attlist;
	for (int i = 0; i < load->shape.n_fields; i++)
		names = lappend(names, makeString(pstrdup(load->shape.fields[i].name)));
	return names;
}

static void
begin_outer(EvcLoad *load, const Target *target)
{
	List *hidden;
	Relation template = outer_template(target, &hidden);

	load->outer = BeginCopyFrom(target->pstate, template, target->where, NULL, false,
								evc_feed_read, names_of_fields(load, target),
								outer_options(target->stmt->options));
	load->outer->rel = target->rel;
	evc_defaults_add(load->outer, target->rel, hidden);
	evc_feed_attach(load);
}

/* Columns that are not in the input get their defaults from the outer COPY. */
static Relation
inner_template(const Target *target)
{
	Relation template = evc_template_new(target->rel);
	TupleDesc desc = RelationGetDescr(template);

	for (AttrNumber number = 1; number <= desc->natts; number++)
	{
		EvcCopyColumn *column = evc_copy_column(target->columns, number);

		if (column != NULL)
			evc_template_set_type(template, number, column->type, column->typmod);
		else if (!TupleDescAttr(desc, number - 1)->attisdropped &&
				 !list_member_int(target->copied, number))
			evc_template_set_type(template, number, TEXTOID, -1);
	}
	return template;
}

/* In place of text's input function. */
static Datum
pass_string(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(PG_GETARG_CSTRING(0));
}

/*
 * Text that is to be encrypted goes from the reader's line straight into the batch.  The
 * reader has checked that it is what the file's encoding says.
 */
static void
spare_text(EvcLoad *load, const Target *target)
{
	bool is_utf8 =
		load->inner->file_encoding == PG_UTF8 && GetDatabaseEncoding() == PG_UTF8;

	for (int i = 0; !load->inner->opts.binary && i < load->shape.n_fields; i++)
	{
		EvcCopyField *field = &load->shape.fields[i];
		EvcCopyColumn *column = evc_copy_column(target->columns, field->number);

		if (column == NULL || column->type != TEXTOID)
			continue;
		field->marker->takes_string = true;
		field->marker->takes_utf8 = is_utf8;
		load->inner->in_functions[field->number - 1].fn_addr = pass_string;
	}
}

static void
begin_inner(EvcLoad *load, const Target *target)
{
	const CopyStmt *stmt = target->stmt;

	load->inner =
		BeginCopyFrom(target->pstate, inner_template(target), NULL, stmt->filename,
					  stmt->is_program, NULL, stmt->attlist, stmt->options);
	load->verbose = evc_copy_verbosity(load->inner) == EVC_COPY_VERBOSE;
	if (load->verbose)
		evc_copy_set_verbosity(load->inner, 0);
	spare_text(load, target);
	load->defaults = evc_defaults_of_fields(load, target->rel);
}

/* The outer COPY first: progress and the client's go-ahead are the inner one's. */
static uint64
run(EvcLoad *load, const Target *target)
{
	uint64 processed;

	evc_load = load;
	begin_outer(load, target);
	begin_inner(load, target);
	load->phase = EVC_COPY_INSERTING;
	processed = CopyFrom(load->outer);
	load->phase = EVC_COPY_SETUP;
	EndCopyFrom(load->inner);
	EndCopyFrom(load->outer);
	return processed;
}

static uint64
run_guarded(EvcLoad *load, const Target *target)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorContextCallback guard;
	uint64 processed = 0;

	PG_TRY();
	{
		evc_message_guard(load, &guard);
		processed = run(load, target);
	}
	PG_CATCH();
	{
		evc_load = load->enclosing;
		MemoryContextSwitchTo(caller);
		/* What is in flight is of no use any more. */
		MemoryContextDelete(load->batches);
		evc_message_rethrow(load);
	}
	PG_END_TRY();
	error_context_stack = guard.previous;
	evc_load = load->enclosing;
	return processed;
}

/*
 * A context that needs a column that the input lacks needs its default, which is
 * evaluated when the row is read; so all defaults are, since one may depend on another's
 * (currval).
 */
static List *
fields_of(Relation rel, List *columns, List *copied)
{
	List *fields = evc_copy_needed(columns, copied);
	TupleDesc desc = RelationGetDescr(rel);

	if (list_length(fields) == list_length(copied))
		return fields;
	fields = list_copy(copied);
	for (AttrNumber number = 1; number <= desc->natts; number++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, number - 1);

		if (!attribute->attisdropped && !attribute->attgenerated)
			fields = list_append_unique_int(fields, number);
	}
	return fields;
}

static uint64
load_table(Target *target, const DefElem *columns)
{
	Relation rel = target->rel;

	target->copied = CopyGetAttnums(RelationGetDescr(rel), rel, target->stmt->attlist);
	target->where =
		evc_copy_check_target(target->pstate, target->stmt, rel, target->copied);
	evc_copy_check_kind(rel);
	evc_copy_check_taken(rel);
	target->columns = evc_copy_columns(target->pstate, columns, rel, target->copied);
	evc_copy_check_encrypt(target->columns);
	evc_copy_check_bound(rel, target->columns);
	target->fields = fields_of(rel, target->columns, target->copied);
	return run_guarded(new_load(target), target);
}

void
evc_copy_load(ParseState *pstate, CopyStmt *stmt, const DefElem *columns,
			  QueryCompletion *completion)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "evcrypt COPY",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;
	Target target = {.pstate = pstate, .stmt = stmt};
	uint64 processed;

	evc_copy_check_command(stmt);
	target.rel = table_openrv(stmt->relation, RowExclusiveLock);
	caller = MemoryContextSwitchTo(context);
	processed = load_table(&target, columns);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	table_close(target.rel, NoLock);
	if (completion != NULL)
		SetQueryCompletion(completion, CMDTAG_COPY, processed);
}
