/*
 * cli/job_state.c
 *	  The row of a job in evcrypt_job, which is what a later run goes on from, and the
 *	  advisory lock that keeps two runs apart.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE 24

/* A statement about the table of jobs, whose schema is the only %s. */
static PGresult *
ask_jobs(EvcJob *job, const char *format, int n, const char *const *values)
{
	EvcText sql = {0};
	PGresult *result;

	for (const char *part = format; *part != '\0'; part++)
		if (*part == '@')
			evc_text_add(&sql, "%s.evcrypt_job", job->schema);
		else
			evc_text_add(&sql, "%c", *part);
	result = evc_job_ask(job, "use the table of jobs", sql.bytes, n, values);
	free(sql.bytes);
	if (result == NULL && strcmp(job->trouble.sqlstate, "42501") == 0)
		snprintf(job->trouble.hint, sizeof(job->trouble.hint),
				 "GRANT SELECT, INSERT, UPDATE, DELETE ON %s.evcrypt_job to the role.",
				 job->schema);
	return result;
}

static bool
tell_jobs(EvcJob *job, const char *format, int n, const char *const *values)
{
	PGresult *result = ask_jobs(job, format, n, values);

	PQclear(result);
	return result != NULL;
}

static char *
text_at(const PGresult *result, int column)
{
	return PQgetisnull(result, 0, column) ? NULL
										  : evc_copy_text(PQgetvalue(result, 0, column));
}

static void
take_row(EvcJob *job, const PGresult *result)
{
	snprintf(job->id, sizeof(job->id), "%s", PQgetvalue(result, 0, 0));
	free(job->phase);
	job->phase = text_at(result, 1);
	free(job->kept_to);
	free(job->kept_type);
	free(job->kept_context);
	job->kept_to = text_at(result, 2);
	job->kept_type = text_at(result, 3);
	job->kept_context = text_at(result, 4);
	job->rows_done = atoll(PQgetvalue(result, 0, 5));
	job->rows_changed = atoll(PQgetvalue(result, 0, 6));
}

bool
evc_job_find(EvcJob *job)
{
	const char *values[] = {job->operation, job->table.oid, job->cli->job.column};
	PGresult *result =
		ask_jobs(job,
				 "SELECT id, phase, target_name, plain_type, context, rows_done, "
				 "rows_changed"
				 " FROM @ WHERE owner = CURRENT_USER AND operation = $1 AND relation = "
				 "$2 AND "
				 "column_name = $3",
				 3, values);

	if (result == NULL)
		return false;
	if (PQntuples(result) == 1)
		take_row(job, result);
	PQclear(result);
	return true;
}

static bool
is_same(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

/* What is being done must be what was begun, unless that has been done. */
static bool
check_same(EvcJob *job)
{
	const char *values[] = {job->id, job->context};
	const char *other = !is_same(job->to, job->kept_to)				? "--to"
						: !is_same(job->type, job->kept_type)		? "--type"
						: !is_same(job->context, job->kept_context) ? "--context"
																	: NULL;

	if (other == NULL)
		return true;
	if (evc_job_is_in(job, "done"))
		return tell_jobs(job, "UPDATE @ SET context = $2 WHERE id = $1", 2, values);
	return evc_job_fail(job, "Go on without it, or end the job with --abandon.",
						"the job was begun with another %s", other);
}

static bool
lock(EvcJob *job)
{
	const char *values[] = {job->operation, job->table.oid, job->cli->job.column};
	char *locked = evc_job_value(job, "lock the job",
								 "SELECT pg_try_advisory_lock(" EVC_LOCK_CLASS
								 ", hashtext(concat_ws(' ', $1::text, $2::text, "
								 "$3::text)))",
								 3, values);
	bool is_locked = locked != NULL && *locked == 't';

	free(locked);
	if (!is_locked)
		evc_job_fail(job, "The view evcrypt_progress shows how far it is.",
					 "the job is being run by somebody else");
	return is_locked;
}

/* Rows of tables that are gone go with them. */
static bool
make_row(EvcJob *job)
{
	const char *values[] = {job->operation, job->table.oid, job->cli->job.column,
							job->to,		job->type,		job->context};

	return tell_jobs(job,
					 "DELETE FROM @ WHERE owner = CURRENT_USER AND NOT EXISTS (SELECT "
					 "FROM "
					 "pg_class c WHERE c.oid = relation)",
					 0, NULL) &&
		   tell_jobs(job,
					 "INSERT INTO @ (operation, relation, column_name, target_name, "
					 "plain_type, context, phase)"
					 " VALUES ($1, $2, $3, $4, $5, $6, 'prepare')"
					 " ON CONFLICT (owner, operation, relation, column_name) DO NOTHING",
					 6, values);
}

/* A key that has changed since is no place to go on from. */
static bool
find_reached(EvcJob *job)
{
	EvcText names = {0};
	const char *values[2] = {job->id, NULL};
	PGresult *result;

	evc_key_names(&names, &job->table.key);
	values[1] = names.bytes;
	result = ask_jobs(job,
					  "SELECT v FROM @, unnest(last_key) WITH ORDINALITY AS k (v, n)"
					  " WHERE id = $1 AND key_columns = $2 ORDER BY n",
					  2, values);
	free(names.bytes);
	if (result == NULL)
		return false;
	evc_bound_free(&job->reached);
	if (PQntuples(result) == job->table.key.n)
		for (int i = 0; i < job->table.key.n; i++)
			job->reached.values[job->reached.n++] =
				evc_copy_text(PQgetvalue(result, i, 0));
	if (job->reached.n == 0)
		job->rows_done = 0;
	PQclear(result);
	return true;
}

bool
evc_job_open(EvcJob *job)
{
	return make_row(job) && evc_job_find(job) && lock(job) && evc_job_find(job) &&
		   check_same(job) && find_reached(job);
}

bool
evc_job_is_in(const EvcJob *job, const char *phase)
{
	return job->phase != NULL && strcmp(job->phase, phase) == 0;
}

bool
evc_job_set_phase(EvcJob *job, const char *phase)
{
	const char *values[] = {job->id, phase};

	if (!tell_jobs(job,
				   "UPDATE @ SET phase = $2, rows_per_second = NULL,"
				   " updated_at = clock_timestamp() WHERE id = $1",
				   2, values))
		return false;
	free(job->phase);
	job->phase = evc_copy_text(phase);
	return true;
}

bool
evc_job_start_over(EvcJob *job)
{
	const char *id = job->id;

	evc_bound_free(&job->reached);
	job->rows_done = 0;
	return tell_jobs(job,
					 "UPDATE @ SET last_key = NULL, key_columns = NULL, rows_done = 0 "
					 "WHERE id = $1",
					 1, &id);
}

bool
evc_job_checkpoint(EvcJob *job)
{
	EvcText names = {0};
	char *reached = evc_text_array(job->reached.n, job->reached.values);
	char done[NUMBER_SIZE];
	char changed[NUMBER_SIZE];
	char total[NUMBER_SIZE];
	char rate[NUMBER_SIZE];
	const char *values[] = {job->id, NULL, reached, done, changed, total, rate};
	bool kept;

	evc_key_names(&names, &job->table.key);
	values[1] = names.bytes;
	snprintf(done, sizeof(done), "%lld", job->rows_done);
	snprintf(changed, sizeof(changed), "%lld", job->rows_changed);
	snprintf(total, sizeof(total), "%lld", job->rows_total);
	snprintf(rate, sizeof(rate), "%.1f", job->pace.rows_per_second);
	kept = tell_jobs(job,
					 "UPDATE @ SET key_columns = $2, last_key = nullif($3::text[], '{}'),"
					 " rows_done = $4, rows_changed = $5, rows_total = $6,"
					 " rows_per_second = $7, updated_at = clock_timestamp()"
					 " WHERE id = $1",
					 7, values);
	free(names.bytes);
	free(reached);
	return kept;
}

bool
evc_job_renew(EvcJob *job)
{
	const char *id = job->id;

	job->rows_changed = 0;
	return tell_jobs(job,
					 "UPDATE @ SET rows_changed = 0, started_at = clock_timestamp() "
					 "WHERE "
					 "id = $1",
					 1, &id);
}

bool
evc_job_forget(EvcJob *job)
{
	const char *id = job->id;

	return tell_jobs(job, "DELETE FROM @ WHERE id = $1", 1, &id);
}
