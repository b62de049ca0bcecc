/*
 * cli/job_column.c
 *	  Looks at the columns of a job.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

/* A column: quoted name, type, type of the domain's base, NOT NULL, generated. */
static PGresult *
ask_column(EvcJob *job, const char *name)
{
	const char *values[] = {job->table.oid, name};

	return evc_job_ask(job, "look at the column",
					   "SELECT quote_ident(attname), format_type(atttypid, atttypmod),"
					   " coalesce(nullif(typbasetype, 0), t.oid) = (SELECT t2.oid FROM "
					   "pg_type t2"
					   " JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid "
					   "= t2.oid"
					   " JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = "
					   "'pg_extension'::regclass"
					   " WHERE extname = 'evcrypt' AND typname = 'encrypted'),"
					   " attnotnull, attgenerated <> ''"
					   " FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid"
					   " WHERE attrelid = $1 AND attname = $2 AND attnum > 0 AND NOT "
					   "attisdropped",
					   2, values);
}

static bool
is_true(const PGresult *result, int column)
{
	return *PQgetvalue(result, 0, column) == 't';
}

/* Then the plaintext's name is the encrypted column's. */
static bool
is_swapped(const EvcJob *job)
{
	return evc_job_is_in(job, "swapped") || evc_job_is_in(job, "finished");
}

static bool
check_source(EvcJob *job, const PGresult *result)
{
	bool rotates = strcmp(job->operation, "rotate") == 0;
	const char *column = job->cli->job.column;

	if (PQntuples(result) != 1)
		return evc_job_fail(job, NULL, "%s has no column \"%s\"", job->table.name,
							column);
	if (is_true(result, 4))
		return evc_job_fail(job, "Work on the columns that it is made of.",
							"\"%s\" is a generated column", column);
	if (rotates && !is_true(result, 2))
		return evc_job_fail(job, "evcrypt migrate encrypts a plaintext column.",
							"\"%s\" is not of type encrypted", column);
	if (!rotates && is_true(result, 2) && !is_swapped(job))
		return evc_job_fail(job, "evcrypt rotate renews it.",
							"\"%s\" is of type encrypted", column);
	return true;
}

static bool
look_at_source(EvcJob *job)
{
	EvcTable *table = &job->table;
	PGresult *result = ask_column(job, job->cli->job.column);
	bool fits = result != NULL && check_source(job, result);

	if (fits)
	{
		table->source = evc_copy_text(PQgetvalue(result, 0, 0));
		table->source_type = evc_copy_text(PQgetvalue(result, 0, 1));
		table->source_is_encrypted = is_true(result, 2);
		table->source_not_null = is_true(result, 3);
	}
	PQclear(result);
	return fits;
}

static bool
check_target(EvcJob *job, const PGresult *result, const char *name)
{
	if (PQntuples(result) == 0)
		return true;
	if (!is_true(result, 2))
		return evc_job_fail(job, "Name another one with --to.",
							"\"%s\" is there and not of type encrypted", name);
	if (is_true(result, 4))
		return evc_job_fail(job, NULL, "\"%s\" is a generated column", name);
	return true;
}

/* Names of columns beside this one. */
static bool
name_columns(EvcJob *job)
{
	const char *values[] = {job->cli->job.column,
							job->to != NULL ? job->to : job->kept_to};
	PGresult *result = evc_job_ask(job, "name the columns",
								   "SELECT coalesce($2, left($1, 53) || '_encrypted'), "
								   "quote_ident(coalesce($2, "
								   "left($1, 53) || '_encrypted')), quote_ident(left($1, "
								   "53) || '_plaintext')",
								   2, values);

	if (result == NULL)
		return false;
	free(job->to);
	job->to = evc_copy_text(PQgetvalue(result, 0, 0));
	job->table.target = evc_copy_text(PQgetvalue(result, 0, 1));
	job->table.plain = evc_copy_text(PQgetvalue(result, 0, 2));
	PQclear(result);
	return true;
}

static bool
look_at_target(EvcJob *job)
{
	PGresult *result = ask_column(job, job->to);
	bool fits = result != NULL && check_target(job, result, job->to);

	job->table.target_exists = fits && PQntuples(result) == 1;
	PQclear(result);
	return fits;
}

bool
evc_job_look_at_columns(EvcJob *job)
{
	if (!look_at_source(job))
		return false;
	if (strcmp(job->operation, "rotate") == 0)
		return true;
	return name_columns(job) && (is_swapped(job) || look_at_target(job));
}
