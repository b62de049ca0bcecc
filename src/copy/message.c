/*
 * copy/message.c
 *	  Errors of core that show what they were given.
 *
 * A value that stands in the wrong column is plaintext all the same, so nothing
 * of the input is shown, whatever column it is for.  What remains is the SQLSTATE,
 * the table, the line, the column, and messages that are known to show no data.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "copy/context.h"
#include "copy/message.h"

/* Formats with arguments that are names and numbers. */
static const char *const harmless[] = {
	"column \"%s\" is a generated column",
	"domain %s does not allow null values",
	"missing data for column \"%s\"",
	"row field count is %d, expected %d",
	"unexpected message type 0x%02X during COPY from stdin",
	"value for domain %s violates check constraint \"%s\"",
	"value too long for type character varying(%d)",
	"value too long for type character(%d)",
	"wrong number of fields in header line: got %d, expected %d",
};

/* A format without arguments is the message itself. */
static bool
is_harmless(const char *format)
{
	if (format == NULL)
		return false;
	if (strchr(format, '%') == NULL)
		return true;
	for (size_t i = 0; i < lengthof(harmless); i++)
		if (strcmp(format, harmless[i]) == 0)
			return true;
	return false;
}

static bool
of_category(const ErrorData *error, int sqlstate)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(sqlstate);
}

/* RAISE and its like may use any SQLSTATE for any text. */
static bool
is_free_text(const ErrorData *error)
{
	return error->message_id == NULL || strcmp(error->message_id, "%s") == 0;
}

/* Cancels, connections, files, resources. */
static bool
is_about_the_world(const ErrorData *error)
{
	if (is_free_text(error))
		return false;
	return of_category(error, ERRCODE_OPERATOR_INTERVENTION) ||
		   of_category(error, ERRCODE_INSUFFICIENT_RESOURCES) ||
		   of_category(error, ERRCODE_CONNECTION_EXCEPTION) ||
		   of_category(error, ERRCODE_SYSTEM_ERROR) ||
		   of_category(error, ERRCODE_PROGRAM_LIMIT_EXCEEDED);
}

/*
 * Of an error while a row is inserted, what shows data are messages of expressions
 * (constraints, generated columns, indexes) and details of violations.  What a
 * trigger raises is the trigger's own word.
 */
static bool
may_show_data(const EvcLoad *load, const ErrorData *error)
{
	switch (load->phase)
	{
		case EVC_COPY_PARSING:
			return !is_about_the_world(error);
		case EVC_COPY_INSERTING:
			return of_category(error, ERRCODE_DATA_EXCEPTION) ||
				   of_category(error, ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION);
		default:
			return false;
	}
}

static bool
message_shows_data(const EvcLoad *load, const ErrorData *error)
{
	/* Messages of violations name constraints; it is the detail that shows rows. */
	if (load->phase == EVC_COPY_INSERTING &&
		of_category(error, ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION))
		return false;
	return !is_harmless(error->message_id);
}

/* Of the column that the parser is at, as it sees it; InvalidOid: it is at none. */
static Oid
type_being_parsed(const EvcLoad *load)
{
	const CopyFromStateData *inner = load->inner;

	for (int i = 0; inner->cur_attname != NULL && i < load->shape.n_fields; i++)
	{
		const EvcCopyField *field = &load->shape.fields[i];

		if (strcmp(field->name, inner->cur_attname) == 0)
			return TupleDescAttr(RelationGetDescr(inner->rel), field->number - 1)
				->atttypid;
	}
	return InvalidOid;
}

static char *
other_message(const EvcLoad *load, const ErrorData *error)
{
	Oid type = load->phase == EVC_COPY_PARSING ? type_being_parsed(load) : InvalidOid;

	if (load->phase == EVC_COPY_INSERTING)
		return pstrdup("value is not valid in an expression of the table");
	if (error->sqlerrcode == ERRCODE_CHARACTER_NOT_IN_REPERTOIRE ||
		error->sqlerrcode == ERRCODE_UNTRANSLATABLE_CHARACTER)
		return psprintf("input is not valid in encoding \"%s\", or not in \"%s\"",
						pg_encoding_to_char(load->inner->file_encoding),
						GetDatabaseEncodingName());
	if (OidIsValid(type))
		return psprintf("value is not valid for type %s", format_type_be(type));
	return pstrdup("input does not have the form that COPY expects");
}

/*
 * Triggers that wait for the end of the statement are not about a line.  Translations
 * keep the word.
 */
static bool
names_line(const EvcLoad *load, const ErrorData *error)
{
	return load->phase != EVC_COPY_INSERTING ||
		   (error->context != NULL &&
			strstr(error->context, psprintf("COPY %s", load->table)) != NULL);
}

/* Names of constraints and the like stay, for clients that look at them. */
static void
take_data_out(const EvcLoad *load, ErrorData *error)
{
	bool message = message_shows_data(load, error);

	if (message)
		error->message = other_message(load, error);
	if (message || load->phase == EVC_COPY_INSERTING)
	{
		error->detail =
			pstrdup("What PostgreSQL says of it is not shown, since it may hold "
					"plaintext.");
		error->detail_log = NULL;
		error->hint = NULL;
	}
	error->internalquery = NULL;
	error->internalpos = 0;
	error->context = names_line(load, error) ? evc_context_text(load) : NULL;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Of a load that a row of this one has run, which has said what may be said. */
static bool
is_clean(const EvcLoad *load, const ErrorData *error)
{
	const ErrorData *clean = load->clean;

	return clean != NULL && clean->sqlerrcode == error->sqlerrcode &&
		   same_text(clean->message, error->message) &&
		   same_text(clean->detail, error->detail);
}

/* In a context of its own, as there may be one for every row. */
static void
tell_enclosing(const EvcLoad *load, const ErrorData *error)
{
	EvcLoad *enclosing = load->enclosing;
	MemoryContext caller;

	if (enclosing == NULL)
		return;
	MemoryContextReset(enclosing->told);
	caller = MemoryContextSwitchTo(enclosing->told);
	enclosing->clean = palloc0(sizeof(ErrorData));
	enclosing->clean->sqlerrcode = error->sqlerrcode;
	enclosing->clean->message = pstrdup(error->message);
	if (error->detail != NULL)
		enclosing->clean->detail = pstrdup(error->detail);
	MemoryContextSwitchTo(caller);
}

void
evc_message_rethrow(const EvcLoad *load)
{
	ErrorData *error = CopyErrorData();

	if (!may_show_data(load, error) || is_clean(load, error))
		PG_RE_THROW();
	FlushErrorState();
	take_data_out(load, error);
	tell_enclosing(load, error);
	ThrowErrorData(error);
	pg_unreachable();
}
