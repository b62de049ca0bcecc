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
#include "warning.h"

/* Formats with arguments that are names and numbers. */
static const char *const harmless[] = {
	"cannot insert into foreign table \"%s\"",
	"column \"%s\" is a generated column",
	"domain %s does not allow null values",
	"foreign table \"%s\" does not allow inserts",
	"index row requires %zu bytes, maximum size is %zu",
	"index row size %zu exceeds btree version %u maximum %zu for index \"%s\"",
	"index row size %zu exceeds maximum %zu for index \"%s\"",
	"missing data for column \"%s\"",
	"row field count is %d, expected %d",
	"row is too big: size %zu, maximum size %zu",
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
		   of_category(error, ERRCODE_SYSTEM_ERROR);
}

/* Conflicts with others, a transaction that may not write, and privileges. */
static bool
is_about_the_transaction(const ErrorData *error)
{
	if (is_free_text(error))
		return false;
	return of_category(error, ERRCODE_TRANSACTION_ROLLBACK) ||
		   of_category(error, ERRCODE_INVALID_TRANSACTION_STATE) ||
		   error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		   error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE;
}

/* What PL/pgSQL and the other languages of core were told to say; and what we say. */
static bool
is_own_word(const ErrorData *error)
{
	static const char *const speakers[] = {"pl_exec.c", "plperl.c", "plpy_elog.c",
										   "plpy_plpymodule.c", "pltcl.c"};

	if (of_category(error, MAKE_SQLSTATE('E', 'V', '0', '0', '0')))
		return true;
	if (!is_free_text(error) || error->filename == NULL)
		return false;
	for (size_t i = 0; i < lengthof(speakers); i++)
		if (strcmp(error->filename, speakers[i]) == 0)
			return true;
	return false;
}

/* Classes whose messages name constraints and views, and whose details show rows. */
static bool
is_violation(const ErrorData *error)
{
	return of_category(error, ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION) ||
		   of_category(error, ERRCODE_WITH_CHECK_OPTION_VIOLATION);
}

/*
 * While a row is inserted, any function of core may be given its values by an
 * expression (constraint, generated column, index), and say them with any SQLSTATE.
 * What a trigger raises is the trigger's own word.
 */
static bool
may_show_data(const EvcLoad *load, const ErrorData *error)
{
	switch (load->phase)
	{
		case EVC_COPY_PARSING:
			return !is_about_the_world(error);
		case EVC_COPY_INSERTING:
			if (of_category(error, ERRCODE_DATA_EXCEPTION) || is_violation(error))
				return true;
			return !is_about_the_world(error) && !is_about_the_transaction(error) &&
				   !is_own_word(error);
		default:
			return false;
	}
}

static bool
message_shows_data(const EvcLoad *load, const ErrorData *error)
{
	if (load->phase == EVC_COPY_INSERTING && is_violation(error))
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
		return pstrdup(of_category(error, ERRCODE_DATA_EXCEPTION)
						   ? "value is not valid in an expression of the table"
						   : "an expression or a trigger of the table failed");
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
	if (message || error->detail != NULL || error->detail_log != NULL)
		error->detail = pstrdup(EVC_WARNING_DETAIL);
	error->detail_log = NULL;
	/* COPY's own hints are about its format. */
	if (message || error->sqlerrcode != ERRCODE_BAD_COPY_FILE_FORMAT)
		error->hint = NULL;
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

/* For error_context_stack: messages that are no errors go out where they are raised. */
static void
clean_warning(void *arg)
{
	const EvcLoad *load = arg;
	ErrorData *warning = evc_warning_copy();

	if (warning == NULL)
		return;
	if (may_show_data(load, warning) &&
		(warning->detail != NULL || warning->detail_log != NULL ||
		 message_shows_data(load, warning)))
		evc_warning_replace(warning, "a value of the input causes a warning");
	FreeErrorData(warning);
}

void
evc_message_guard(EvcLoad *load, ErrorContextCallback *guard)
{
	*guard = (ErrorContextCallback){.previous = error_context_stack,
									.callback = clean_warning,
									.arg = load};
	error_context_stack = guard;
	load->callers = guard;
}
