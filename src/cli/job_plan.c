/*
 * cli/job_plan.c
 *	  What a job would do, without doing it.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
say_work(const EvcJob *job)
{
	const EvcTable *table = &job->table;
	EvcText key = {0};

	evc_key_names(&key, &table->key);
	evc_job_say(job, "plan", "table %s, by key (%s), %d rows a transaction, %d at a time",
				table->name, key.bytes, job->cli->job.batch_rows, job->cli->job.workers);
	free(key.bytes);
	if (strcmp(job->operation, "rotate") == 0)
		evc_job_say(job, "plan", "SET %s = %s.reencrypt(%s%s)", table->source,
					job->schema, table->source, job->context_argument);
	else
		evc_job_say(job, "plan", "SET %s = %s.encrypt(%s%s)%s", table->target,
					job->schema, job->value, job->context_argument,
					table->target_exists ? "" : ", in a new column");
	if (job->phase != NULL)
		evc_job_say(job, "plan", "the job is in the phase \"%s\", %lld rows done",
					job->phase, job->rows_done);
}

static char *
build_count(EvcJob *job, const char *newest)
{
	const EvcTable *table = &job->table;
	EvcText sql = {0};

	evc_text_add(&sql, "SELECT count(*), count(*) FILTER (WHERE %s IS DISTINCT FROM NULL",
				 table->source);
	if (newest != NULL)
		evc_text_add(&sql, " AND (%s.encrypted_info(%s)).key_id IS DISTINCT FROM '%s'",
					 job->schema, table->source, newest);
	else if (table->target_exists)
		evc_text_add(&sql, " AND %s IS NULL", table->target);
	evc_text_add(&sql, ") FROM %s", table->name);
	return sql.bytes;
}

static bool
say_rows(EvcJob *job, const char *newest)
{
	char *sql = build_count(job, newest);
	PGresult *result = evc_job_ask(job, "count the rows", sql, 0, NULL);

	free(sql);
	if (result == NULL)
		return false;
	evc_job_say(job, "plan", "%s rows, of which %s are to be worked on",
				PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
	PQclear(result);
	return true;
}

/* Their writes will fail when the trigger is there. */
bool
evc_job_note_writers(EvcJob *job)
{
	const char *values[] = {job->table.oid, job->context != NULL ? "2" : "1"};
	PGresult *result =
		evc_job_ask(job, "look for who writes to the table",
					"SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM "
					"pg_roles r"
					" WHERE rolcanlogin AND NOT rolsuper AND "
					"(has_any_column_privilege(r.oid, $1::oid, "
					"'INSERT') OR has_any_column_privilege(r.oid, $1::oid, 'UPDATE'))"
					" AND NOT EXISTS (SELECT FROM pg_proc p JOIN pg_depend d ON "
					"d.classid = "
					"'pg_proc'::regclass AND d.objid = p.oid JOIN pg_extension e ON "
					"d.refclassid = "
					"'pg_extension'::regclass AND d.refobjid = e.oid WHERE extname = "
					"'evcrypt' AND "
					"proname = 'encrypt' AND pronargs = $2::int AND "
					"has_function_privilege(r.oid, "
					"p.oid, 'EXECUTE'))",
					2, values);

	if (result != NULL && !PQgetisnull(result, 0, 0))
		evc_job_say(job, "note",
					"may write to %s and not execute encrypt, which the trigger calls: "
					"%s",
					job->table.name, PQgetvalue(result, 0, 0));
	PQclear(result);
	return result != NULL;
}

bool
evc_job_dry_run(EvcJob *job)
{
	bool rotates = strcmp(job->operation, "rotate") == 0;
	char *newest = rotates ? evc_job_newest_key(job) : NULL;
	bool done = !rotates || newest != NULL;

	if (done)
	{
		say_work(job);
		done = say_rows(job, newest) && (rotates || evc_job_note_writers(job));
	}
	free(newest);
	return done;
}
