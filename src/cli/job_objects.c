/*
 * cli/job_objects.c
 *	  What a migration's triggers, function and constraint are called, and whether they
 *	  stand.
 *
 * Names are of the table and the column, so that a restored dump has them as well.
 * After either has been renamed, those that are there are found by what they depend on.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a name before its hash: with that and "~+" it is shorter than NAMEDATALEN. */
#define STEM_BYTES "50"

/*
 * $1 the table, $2 the column.  The trigger for INSERT depends on the plaintext alone.
 * Counted are bytes, since PostgreSQL cuts names by them, and of two names that differ
 * in their hash alone it would make one.
 */
static const char find_name[] =
	"SELECT coalesce((SELECT min(proname::text) FROM pg_trigger t JOIN pg_proc p ON"
	" p.oid = tgfoid JOIN pg_depend d ON classid = 'pg_trigger'::regclass AND objid ="
	" t.oid AND refclassid = 'pg_class'::regclass AND refobjid = tgrelid JOIN"
	" pg_attribute a ON attrelid = refobjid AND attnum = refobjsubid WHERE tgrelid ="
	" c.oid AND attname = $2 AND tgname = '~+' || proname AND proname LIKE"
	" 'evcrypt\\_migrate\\_%'), left(stem, (SELECT max(n) FROM"
	" generate_series(0, " STEM_BYTES ") n WHERE octet_length(left(stem, n)) <="
	" " STEM_BYTES ")) || '_' || left(md5(relname || '.' || $2::text), 8))"
	" FROM pg_class c, LATERAL (SELECT 'evcrypt_migrate_' || relname || '_' || $2::text"
	" AS stem) AS s WHERE c.oid = $1";

/* "name" is taken over. */
static bool
take_names(EvcJob *job, char *name)
{
	EvcTable *table = &job->table;
	const char *values[] = {table->schema, name};
	PGresult *result = evc_job_ask(job, "name what is added",
								   "SELECT quote_ident('~' || $2), quote_ident('~+' || "
								   "$2), $1 || '.' || quote_ident($2), quote_ident($2)",
								   2, values);
	char **names[] = {&table->trigger, &table->insert_trigger, &table->function,
					  &table->constraint};

	free(table->objects);
	table->objects = name;
	if (result == NULL)
		return false;
	for (int i = 0; i < (int) (sizeof(names) / sizeof(names[0])); i++)
	{
		free(*names[i]);
		*names[i] = evc_copy_text(PQgetvalue(result, 0, i));
	}
	PQclear(result);
	return true;
}

bool
evc_job_find_objects(EvcJob *job)
{
	const char *values[] = {job->table.oid, job->cli->job.column};
	char *name = evc_job_value(job, "name what is added", find_name, 2, values);

	return name != NULL && take_names(job, name);
}

bool
evc_job_take_objects(EvcJob *job, const char *name)
{
	return strcmp(name, job->table.objects) == 0 || take_names(job, evc_copy_text(name));
}

/* $1 the table, $2 the name, $3 the column, $4: must the constraint be validated? */
static const char count_bare[] =
	"WITH RECURSIVE family AS (SELECT $1::oid AS oid UNION SELECT inhrelid FROM"
	" pg_inherits JOIN family ON inhparent = oid) SELECT count(*) FROM family f WHERE"
	" (SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid WHERE tgrelid"
	" = f.oid AND proname = $2 AND tgname IN ('~' || $2::text, '~+' || $2::text) AND"
	" tgenabled IN ('O', 'A')) <> 2 OR NOT EXISTS (SELECT FROM pg_constraint WHERE"
	" conrelid = f.oid AND conname = $2 AND contype = 'c' AND (convalidated OR NOT"
	" $4::bool)) OR NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_depend d ON classid ="
	" 'pg_trigger'::regclass AND objid = t.oid AND refclassid = 'pg_class'::regclass AND"
	" refobjid = tgrelid JOIN pg_attribute a ON attrelid = refobjid AND attnum ="
	" refobjsubid WHERE tgrelid = $1 AND tgname = '~+' || $2::text AND attname = $3)";

/* Both triggers, on, and the constraint, in every partition: nothing can have been
 * missed since they were made, but by who has taken them away meanwhile. */
bool
evc_job_is_installed(EvcJob *job, bool validated, bool *installed)
{
	const char *values[] = {job->table.oid, job->table.objects, job->cli->job.column,
							validated ? "t" : "f"};
	char *count = evc_job_value(job, "look for the trigger", count_bare, 4, values);

	*installed = count != NULL && strcmp(count, "0") == 0;
	free(count);
	return count != NULL;
}

bool
evc_job_refuse_rivals(EvcJob *job)
{
	const char *values[] = {job->table.oid, job->table.objects, job->table.target};
	PGresult *result =
		evc_job_ask(job, "look for other triggers",
					"SELECT (SELECT string_agg(quote_ident(tgname), ', ') FROM pg_trigger"
					" JOIN pg_proc p ON p.oid = tgfoid WHERE tgrelid = $1 AND NOT "
					"tgisinternal"
					" AND proname NOT LIKE 'evcrypt\\_migrate\\_%' AND tgtype & 3 = 3 AND"
					" ((tgtype & 4 <> 0 AND tgname::text COLLATE \"C\" > '~+' || "
					"$2::text)"
					" OR (tgtype & 16 <> 0 AND tgname::text COLLATE \"C\" > '~' ||"
					" $2::text))),"
					" (SELECT string_agg(quote_ident(conname), ', ') FROM pg_constraint"
					" JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)"
					" WHERE conrelid = $1 AND contype = 'c' AND conname LIKE"
					" 'evcrypt\\_migrate\\_%' AND conname <> $2 AND quote_ident(attname)"
					" = $3)",
					3, values);

	if (result == NULL)
		return false;
	if (!PQgetisnull(result, 0, 0))
		evc_job_fail(job,
					 "Triggers fire in the order of the bytes of their names: rename "
					 "them.",
					 "these triggers would change a row after it is encrypted: %s",
					 PQgetvalue(result, 0, 0));
	else if (!PQgetisnull(result, 0, 1))
		evc_job_fail(job, "Name another column with --to.",
					 "%s is filled by another migration, whose constraint is %s",
					 job->table.target, PQgetvalue(result, 0, 1));
	PQclear(result);
	return !job->trouble.is_set;
}
