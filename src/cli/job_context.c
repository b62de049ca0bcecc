/*
 * cli/job_context.c
 *	  What is encrypted and what it is bound to, as the server itself writes it.
 *
 * The operator's expression for a context, and the cast to another type, are tried as
 * generated columns of a table that is rolled back.  PostgreSQL then sees to it that each
 * is one expression, of the row's own columns, and gives the same for the same row in
 * every session: of a context that decides whether a value can ever be opened again, of a
 * cast whether those who write encrypt what the walk does.  It gives the expression back
 * with every name in its place, so that it means the same in a trigger.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_COLUMN "evcrypt trial"

/* $1: the names that a context may not read, an array. */
static const char ask_trial[] =
	"SELECT pg_get_expr(adbin, adrelid),"
	" ARRAY(SELECT quote_ident(a.attname) FROM pg_depend JOIN pg_attribute a ON"
	" a.attrelid = refobjid AND a.attnum = refobjsubid WHERE classid = "
	"'pg_attrdef'::regclass AND objid = d.oid AND refobjsubid > 0 AND refobjsubid <> "
	"adnum AND refobjid = adrelid),"
	" pg_get_expr(adbin, adrelid) ~ '\\mtableoid\\M'"
	" FROM pg_attrdef d JOIN pg_attribute t ON t.attrelid = adrelid AND t.attnum = adnum"
	" WHERE adrelid = $1::regclass AND attname = '" TRIAL_COLUMN "'";

/* Adds the column "definition" to a copy of the table, in a transaction; "hint" is for
 * what depends on settings. */
static bool
make_trial(EvcJob *job, const char *what, const char *definition, const char *hint)
{
	EvcText table = {0};
	EvcText column = {0};
	PGresult *made;
	PGresult *result = NULL;

	evc_text_add(&table, "CREATE TEMPORARY TABLE %s (LIKE %s)", job->table.relation,
				 job->table.name);
	evc_text_add(&column, "ALTER TABLE pg_temp.%s ADD COLUMN \"" TRIAL_COLUMN "\" %s",
				 job->table.relation, definition);
	made = evc_job_ask(job, what, table.bytes, 0, NULL);
	if (made != NULL)
		result = evc_job_ask(job, what, column.bytes, 0, NULL);
	if (made != NULL && result == NULL && strcmp(job->trouble.sqlstate, "42P17") == 0)
		snprintf(job->trouble.hint, sizeof(job->trouble.hint), "%s", hint);
	free(table.bytes);
	free(column.bytes);
	PQclear(made);
	PQclear(result);
	return result != NULL;
}

static bool
try_context(EvcJob *job)
{
	EvcText definition = {0};
	bool made;

	evc_text_add(&definition, "text GENERATED ALWAYS AS ((%s\n)::text) STORED",
				 job->context);
	made = make_trial(job, "use the context", definition.bytes,
					  "It must give the same for a row in every session: no functions or "
					  "casts that depend on settings.");
	free(definition.bytes);
	return made;
}

static bool
take_trial(EvcJob *job)
{
	EvcText name = {0};
	EvcText argument = {0};
	PGresult *result;

	evc_text_add(&name, "pg_temp.%s", job->table.relation);
	result = evc_job_ask(job, "read the context", ask_trial, 1,
						 (const char *const *) &name.bytes);
	free(name.bytes);
	if (result == NULL)
		return false;
	if (*PQgetvalue(result, 0, 2) == 't')
		evc_job_fail(job, NULL, "a context cannot be made of tableoid");
	free(job->context);
	job->context = evc_copy_text(PQgetvalue(result, 0, 0));
	evc_text_add(&argument, ", (%s)", job->context);
	job->context_argument = argument.bytes;
	job->context_columns = evc_copy_text(PQgetvalue(result, 0, 1));
	PQclear(result);
	return !job->trouble.is_set;
}

static bool
settle_context(EvcJob *job)
{
	bool settled;

	if (job->context == NULL)
	{
		job->context_argument = evc_copy_text("");
		job->context_columns = evc_copy_text("{}");
		return true;
	}
	settled = evc_job_do(job, "try the context", "BEGIN") && try_context(job) &&
			  take_trial(job);
	PQclear(PQexec(job->control, "ROLLBACK"));
	return settled;
}

/* Not of what the trigger sees too late, what changes, or what will be gone. */
static bool
check_context(EvcJob *job)
{
	const char *values[] = {job->table.oid, job->context_columns, job->table.source,
							job->table.target};
	char *bad =
		evc_job_value(job, "read the context",
					  "SELECT coalesce(min(attname), '') FROM pg_attribute"
					  " WHERE attrelid = $1 AND quote_ident(attname) = ANY ($2::text[])"
					  " AND (attgenerated <> '' OR quote_ident(attname) IN ($3, $4))",
					  4, values);
	bool is_good = bad != NULL && *bad == '\0';

	if (bad != NULL && !is_good)
		evc_job_fail(job, "Make it of constants and other columns.",
					 "a context cannot be made of the column \"%s\"", bad);
	free(bad);
	return is_good;
}

/* The type as the server writes it, of what the operator wrote, which it can read. */
static char *
try_type(EvcJob *job, const char *given)
{
	EvcText definition = {0};
	EvcText name = {0};
	char *type = NULL;

	evc_text_add(&definition, "%s GENERATED ALWAYS AS ((%s)::%s) STORED", given,
				 job->table.source, given);
	evc_text_add(&name, "pg_temp.%s", job->table.relation);
	if (make_trial(job, "use the type", definition.bytes,
				   "The same text would be another value in another session. Make a "
				   "column of that type first, and migrate that."))
		type = evc_job_value(job, "read the type",
							 "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
							 " WHERE attrelid = $1::regclass AND attname = '" TRIAL_COLUMN
							 "'",
							 1, (const char *const *) &name.bytes);
	free(definition.bytes);
	free(name.bytes);
	return type;
}

static bool
settle_type(EvcJob *job)
{
	EvcText value = {0};
	const char *given = job->type;
	char *found;
	char *type = NULL;

	if (job->type == NULL)
	{
		job->value = evc_copy_text(job->table.source);
		return true;
	}
	/* One type, and nothing behind it. */
	found = evc_job_value(job, "find the type", "SELECT $1::regtype", 1, &given);
	if (found != NULL && evc_job_do(job, "try the type", "BEGIN"))
	{
		type = try_type(job, given);
		PQclear(PQexec(job->control, "ROLLBACK"));
	}
	free(found);
	if (type == NULL)
		return false;
	free(job->type);
	job->type = type;
	evc_text_add(&value, "%s::%s", job->table.source, type);
	job->value = value.bytes;
	return true;
}

bool
evc_job_settle_value(EvcJob *job)
{
	return settle_type(job) && settle_context(job) && check_context(job);
}
