/*
 * cli/job_server.c
 *	  A job's connections, and its statements on the one that controls it.
 */
#include "cli/job.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/walk.h"

/* How often a lock that is not to be had is tried, and how long it rests between. */
#define LOCK_TRIES 60
#define LOCK_REST_MS 500

#define CREDENTIAL_SIZE 16384

/*
 * Values of keys must read back as what they were, plans must go by the key whatever
 * the statistics say, and rows that are hidden must not go unnoticed.  Work may take
 * longer than questions.
 */
static const char settings[] =
	"SELECT set_config(name, '0', false) FROM pg_settings WHERE name = "
	"'transaction_timeout'; SET statement_timeout = 0; SET "
	"idle_in_transaction_session_timeout = 0;"
	"SET idle_session_timeout = 0; SET default_transaction_isolation = 'read committed';"
	"SET default_transaction_read_only = off; SET DateStyle = 'ISO, YMD';"
	"SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';"
	"SET extra_float_digits = 3; SET lc_monetary = 'C'; SET jit = off;"
	"SET enable_seqscan = off; SET row_security = off";

PGresult *
evc_job_ask(EvcJob *job, const char *what, const char *query, int n,
			const char *const *values)
{
	PGresult *result = PQexecParams(job->control, query, n, NULL, values, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	evc_job_fail_server(job, result, what);
	PQclear(result);
	return NULL;
}

/* May be several statements in one. */
bool
evc_job_do(EvcJob *job, const char *what, const char *statement)
{
	PGresult *result = PQexec(job->control, statement);
	ExecStatusType status = PQresultStatus(result);
	bool done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;

	if (!done)
		evc_job_fail_server(job, result, what);
	PQclear(result);
	return done;
}

bool
evc_job_do_text(EvcJob *job, const char *what, EvcText *sql)
{
	bool done = evc_job_do(job, what, sql->bytes);

	free(sql->bytes);
	*sql = (EvcText){0};
	return done;
}

char *
evc_job_value(EvcJob *job, const char *what, const char *query, int n,
			  const char *const *values)
{
	PGresult *result = evc_job_ask(job, what, query, n, values);
	char *value = NULL;

	if (result == NULL)
		return NULL;
	if (PQntuples(result) == 1 && !PQgetisnull(result, 0, 0))
		value = evc_copy_text(PQgetvalue(result, 0, 0));
	else
		evc_job_fail(job, NULL, "could not %s: the server gave no answer", what);
	PQclear(result);
	return value;
}

static bool
set_credential(EvcJob *job, PGconn *server, const char *token)
{
	PGresult *result =
		PQexecParams(server, "SELECT set_config('evcrypt.credential', $1, false)", 1,
					 NULL, &token, NULL, NULL, 0);
	bool is_set = PQresultStatus(result) == PGRES_TUPLES_OK;

	if (!is_set)
		evc_job_fail_server(job, result, "set the credential");
	PQclear(result);
	return is_set;
}

/* Of the first line of a file, which is read anew for each connection, as tokens are
 * short-lived; it is a parameter, so that no log has it. */
static bool
use_credential(EvcJob *job, PGconn *server)
{
	const char *path = job->cli->job.credential_file;
	char token[CREDENTIAL_SIZE] = "";
	FILE *file;
	bool used = false;

	if (path == NULL)
		return true;
	file = fopen(path, "re");
	if (file == NULL || fgets(token, sizeof(token), file) == NULL)
		evc_job_fail(job, NULL, "could not read the credential from %s", path);
	else
	{
		token[strcspn(token, "\n")] = '\0';
		used = set_credential(job, server, token);
	}
	if (file != NULL)
		fclose(file);
	explicit_bzero(token, sizeof(token));
	return used;
}

PGconn *
evc_job_connect(EvcJob *job)
{
	const EvcJobOptions *options = &job->cli->job;
	char trouble[512];
	PGconn *server = evc_connect(job->cli, trouble, sizeof(trouble));
	EvcText sql = {0};
	PGresult *result;

	if (server == NULL)
	{
		evc_job_fail(job, NULL, "%s", trouble);
		return NULL;
	}
	evc_text_add(&sql, "%s; SET lock_timeout = %d", settings, options->lock_timeout_ms);
	if (options->skip_triggers)
		evc_text_add(&sql, "; SET session_replication_role = replica");
	result = PQexec(server, sql.bytes);
	free(sql.bytes);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
	{
		evc_job_fail_server(job, result, "prepare a connection");
		PQfinish(server);
		server = NULL;
	}
	PQclear(result);
	if (server == NULL || use_credential(job, server))
		return server;
	PQfinish(server);
	return NULL;
}

static bool
is_about_locks(const char *sqlstate)
{
	return strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "40P01") == 0;
}

static bool
try_transaction(EvcJob *job, const char *what, bool (*body)(EvcJob *job, void *argument),
				void *argument)
{
	PGresult *result;

	if (!evc_job_do(job, what, "BEGIN"))
		return false;
	if (body(job, argument))
		return evc_job_do(job, what, "COMMIT");
	result = PQexec(job->control, "ROLLBACK");
	PQclear(result);
	return false;
}

bool
evc_job_transaction(EvcJob *job, const char *what,
					bool (*body)(EvcJob *job, void *argument), void *argument)
{
	for (int tries = 1; !evc_interrupted(); tries++)
	{
		if (try_transaction(job, what, body, argument))
			return true;
		if (!is_about_locks(job->trouble.sqlstate) || tries == LOCK_TRIES)
			return false;
		memset(&job->trouble, 0, sizeof(job->trouble));
		poll(NULL, 0, LOCK_REST_MS);
	}
	return false;
}
