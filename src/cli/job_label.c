/*
 * cli/job_label.c
 *	  What the label of the encrypted column says, where the options do not.
 *
 * A job that has begun goes on as it was begun, whatever has been labelled since.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

/* Of the column with the ciphertexts, not quoted; NULL: it is still to be made. */
static const char *
labelled_column(const EvcJob *job)
{
	if (strcmp(job->operation, "rotate") == 0 || job->table.source_is_encrypted)
		return job->cli->job.column;
	return job->table.target_exists ? job->to : NULL;
}

/* Reading a label takes a right, which nobody needs where there is none. */
static bool
ask_has_label(EvcJob *job, const char *column, bool *has_label)
{
	const char *values[] = {job->table.oid, column};
	char *count = evc_job_value(job, "look for a label",
								"SELECT count(*) FROM pg_seclabel JOIN pg_attribute ON "
								"attrelid = objoid AND "
								"attnum = objsubid WHERE objoid = $1 AND attname = $2 "
								"AND classoid = "
								"'pg_class'::regclass AND provider = 'evcrypt'",
								2, values);

	*has_label = count != NULL && *count != '0';
	free(count);
	return !job->trouble.is_set;
}

static PGresult *
ask_label(EvcJob *job, const char *column)
{
	const char *values[] = {job->table.oid, column};
	EvcText sql = {0};
	PGresult *result;

	evc_text_add(&sql,
				 "SELECT context, type, nullif(app, current_setting('evcrypt.app')), "
				 "nullif(role, current_setting('evcrypt.role')), app, role FROM "
				 "%s.evcrypt_label($1, "
				 "$2)",
				 job->schema);
	result = evc_job_ask(job, "read the label", sql.bytes, 2, values);
	free(sql.bytes);
	return result;
}

static void
take(const PGresult *result, int column, char **value)
{
	if (*value == NULL && !PQgetisnull(result, 0, column))
		*value = evc_copy_text(PQgetvalue(result, 0, column));
}

/* The statements go by the settings, as those of the triggers do. */
static bool
check_setting(EvcJob *job, const PGresult *result, int column, const char *setting)
{
	if (PQgetisnull(result, 0, column))
		return true;
	return evc_job_fail(job,
						"Set it for the database or the role, since whoever writes to "
						"the "
						"table encrypts for it as well.",
						"%s is not \"%s\", which the column's label names", setting,
						PQgetvalue(result, 0, column));
}

static bool
has_begun(const EvcJob *job)
{
	return *job->id != '\0' && !evc_job_is_in(job, "done");
}

static bool
take_label(EvcJob *job, const char *column)
{
	bool rotates = strcmp(job->operation, "rotate") == 0;
	PGresult *result = ask_label(job, column);
	bool taken;

	if (result == NULL)
		return false;
	if (!has_begun(job))
		take(result, 0, &job->context);
	if (!has_begun(job) && !rotates)
		take(result, 1, &job->type);
	take(result, 4, &job->app);
	take(result, 5, &job->role);
	taken = check_setting(job, result, 2, "evcrypt.app") &&
			(rotates || check_setting(job, result, 3, "evcrypt.role"));
	PQclear(result);
	return taken;
}

bool
evc_job_take_label(EvcJob *job)
{
	const char *column = labelled_column(job);
	bool has_label = false;

	if (column != NULL && !ask_has_label(job, column, &has_label))
		return false;
	if (has_label && !take_label(job, column))
		return false;
	if (job->context == NULL)
		job->context = evc_copy_text(job->kept_context);
	if (job->type == NULL)
		job->type = evc_copy_text(job->kept_type);
	return true;
}
