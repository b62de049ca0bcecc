/*
 * cli/server.c
 *	  The connection to a server, and questions to it.
 */
#include "cli/server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/text.h"

/* No object of a stranger's is found, and nothing waits for ever. */
static const char set_up[] = "SET search_path = pg_catalog, pg_temp;"
							 "SET statement_timeout = '60s';"
							 "SET client_min_messages = warning";

static void
copy_line(char *line, size_t size, const char *text)
{
	size_t len = strcspn(text, "\n");

	snprintf(line, size, "%.*s", (int) len, text);
}

/* What the server warns of may be a stranger's words, which are not for the terminal to
 * obey. */
static void
print_notice(void *argument, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	char line[512];

	(void) argument;
	snprintf(line, sizeof(line), "%s:  %s", severity != NULL ? severity : "WARNING",
			 message != NULL ? message : "");
	evc_make_plain(line);
	fprintf(stderr, "%s\n", line);
}

PGconn *
evc_connect(const EvcCli *cli, char *trouble, size_t trouble_size)
{
	/* Later ones win, so that the string may say otherwise. */
	const char *const keywords[] = {"connect_timeout",
									"fallback_application_name",
									"dbname",
									"host",
									"port",
									"user",
									NULL};
	const char *const values[] = {"10",		 "evcrypt", cli->dbname, cli->host,
								  cli->port, cli->user, NULL};
	PGconn *server = PQconnectdbParams(keywords, values, 1);
	PGresult *result;

	PQsetNoticeReceiver(server, print_notice, NULL);
	if (PQstatus(server) == CONNECTION_OK)
	{
		result = PQexec(server, set_up);
		if (PQresultStatus(result) == PGRES_COMMAND_OK)
		{
			PQclear(result);
			return server;
		}
		PQclear(result);
	}
	copy_line(trouble, trouble_size, PQerrorMessage(server));
	PQfinish(server);
	return NULL;
}

PGresult *
evc_ask(PGconn *server, const char *query, int n_values, const char *const *values,
		char sqlstate[6])
{
	PGresult *result = PQexecParams(server, query, n_values, NULL, values, NULL, NULL, 0);
	const char *state;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (sqlstate != NULL)
		snprintf(sqlstate, 6, "%s", state != NULL ? state : "08006");
	PQclear(result);
	return NULL;
}

const char *
evc_server_trouble(const PGconn *server)
{
	static char line[512];
	const char *text = PQerrorMessage(server);

	if (strncmp(text, "ERROR:  ", 8) == 0)
		text += 8;
	copy_line(line, sizeof(line), text);
	return line;
}

char *
evc_extension_schema(PGconn *server)
{
	PGresult *result = evc_ask(server,
							   "SELECT nspname FROM pg_extension JOIN pg_namespace n ON "
							   "n.oid = extnamespace"
							   " WHERE extname = 'evcrypt'",
							   0, NULL, NULL);
	char *schema = NULL;

	if (result != NULL && PQntuples(result) == 1)
		schema = PQescapeIdentifier(server, PQgetvalue(result, 0, 0),
									(size_t) PQgetlength(result, 0, 0));
	PQclear(result);
	return schema;
}

bool
evc_server_is_here(const PGconn *server)
{
	const char *host = PQhost(server);
	const char *address = PQhostaddr(server);

	return host == NULL || *host == '/' || *host == '@' || strcmp(address, "::1") == 0 ||
		   strncmp(address, "127.", 4) == 0;
}

double
evc_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}
