/*
 * cli/job_label.c
 *	  The security label of the encrypted column: what the options do not say.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

/* The column that is encrypted, if it is there. */
static const char *
labelled_column(const EvcJob *job)
{
	bool is_other =
		strcmp(job->operation, "migrate") == 0 && !job->table.source_is_encrypted;

	return !is_other ? job->cli->job.column : job->table.target_exists ? job->to : NULL;
}

/* Who has no label needs no right to read labels. */
static bool
has_label(EvcJob *job, const char *column)
{
	const char *values[] = {job->table.oid, column};
	char *count = evc_job_value(job, "look for a label",
								"SELECT count(*) FROM pg_seclabels JOIN pg_attribute ON "
								"attrelid = objoid AND "
								"attnum = objsubid WHERE provider = 'evcrypt' AND "
								"objtype = 'column'"
								" AND objoid = $1 AND attname = $2",
								2, values);
	bool found = count != NULL && strcmp(count, "0") != 0;

	free(count);
	return found;
}

static void
take(char **place, const PGresult *result, int column)
{
	if (*place == NULL && !PQgetisnull(result, 0, column))
		*place = evc_copy_text(PQgetvalue(result, 0, column));
}

static bool
take_label(EvcJob *job, const char *column)
{
	const char *values[] = {job->table.oid, column};
	EvcText sql = {0};
	PGresult *result;

	evc_text_add(&sql,
				 "SELECT context, type, app, role FROM %s.evcrypt_label($1::oid, $2)",
				 job->schema);
	result = evc_job_ask(job, "read the label", sql.bytes, 2, values);
	free(sql.bytes);
	if (result == NULL)
		return false;
	take(&job->context, result, 0);
	if (strcmp(job->operation, "migrate") == 0)
		take(&job->type, result, 1);
	take(&job->app, result, 2);
	take(&job->role, result, 3);
	PQclear(result);
	return true;
}

bool
evc_job_look_at_label(EvcJob *job)
{
	const char *column = labelled_column(job);

	if (column != NULL && has_label(job, column) && !take_label(job, column))
		return false;
	if (job->trouble.is_set || !evc_job_use_label(job, job->control))
		return false;
	if (job->context == NULL)
		job->context = evc_copy_text(job->kept_context);
	if (job->type == NULL)
		job->type = evc_copy_text(job->kept_type);
	return true;
}
