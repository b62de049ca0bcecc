/*
 * cli/doctor.c
 *	  evcrypt doctor: one check after the other, and what they find.
 */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"

static const char *const grades[] = {"ok", "unknown", "warning", "failure"};

static void (*const checks[])(EvcDoctor *) = {
	evc_check_preload, evc_check_redact,	evc_check_logging,	  evc_check_link,
	evc_check_clock,   evc_check_endpoints, evc_check_transport,  evc_check_policy,
	evc_check_names,   evc_check_schemas,	evc_check_privileges, evc_check_stored,
	evc_check_labels,
};

static void
print_json(const EvcDoctor *doctor, const char *check, EvcGrade grade,
		   const char *message, const char *hint)
{
	printf("%s\n  {\"check\": \"%s\", \"status\": \"%s\", \"message\": ",
		   doctor->findings == 0 ? "{\"checks\": [" : ",", check, grades[grade]);
	evc_print_json(message);
	printf(", \"hint\": ");
	evc_print_json(hint);
	putchar('}');
}

static void
print_line(const char *check, EvcGrade grade, const char *message, const char *hint)
{
	printf("%-8s %-11s ", grades[grade], check);
	evc_print_plain(message);
	putchar('\n');
	if (hint == NULL)
		return;
	printf("%20s ", "");
	evc_print_plain(hint);
	putchar('\n');
}

void
evc_find(EvcDoctor *doctor, const char *check, EvcGrade grade, const char *hint,
		 const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (doctor->json)
		print_json(doctor, check, grade, message, hint);
	else
		print_line(check, grade, message, hint);
	doctor->findings++;
	if (grade > doctor->worst)
		doctor->worst = grade;
}

PGresult *
evc_examine(EvcDoctor *doctor, const char *check, const char *query, int n_values,
			const char *const *values)
{
	PGresult *result = evc_ask(doctor->server, query, n_values, values, NULL);

	if (result == NULL)
		evc_find(doctor, check, EVC_GRADE_UNKNOWN, NULL, "could not be looked at: %s",
				 evc_server_trouble(doctor->server));
	return result;
}

char *
evc_setting(EvcDoctor *doctor, const char *name)
{
	PGresult *result =
		evc_ask(doctor->server, "SELECT setting FROM pg_settings WHERE name = $1", 1,
				&name, NULL);
	char *setting = NULL;

	if (result != NULL && PQntuples(result) == 1)
		setting = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return setting;
}

static EvcExit
exit_of(EvcGrade worst)
{
	if (worst == EVC_GRADE_FAILURE)
		return EVC_EXIT_FAILURE;
	return worst == EVC_GRADE_WARNING ? EVC_EXIT_WARNING : EVC_EXIT_OK;
}

/* The path is that of the role in this database, not the one this session has set. */
static char *
path_of_session(PGconn *server)
{
	PGresult *result =
		evc_ask(server, "SELECT reset_val FROM pg_settings WHERE name = 'search_path'", 0,
				NULL, NULL);
	char *path = result != NULL && PQntuples(result) == 1
					 ? strdup(PQgetvalue(result, 0, 0))
					 : NULL;

	PQclear(result);
	return path;
}

static void
examine(EvcDoctor *doctor)
{
	doctor->schema = evc_extension_schema(doctor->server);
	doctor->search_path = path_of_session(doctor->server);
	if (doctor->schema == NULL || doctor->search_path == NULL)
		evc_find(doctor, "extension", EVC_GRADE_FAILURE,
				 "CREATE EXTENSION evcrypt, or name another database.",
				 "is not in the database %s", PQdb(doctor->server));
	else
	{
		evc_find(doctor, "extension", EVC_GRADE_OK, NULL,
				 "is in the database %s, schema %s", PQdb(doctor->server),
				 doctor->schema);
		for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
			checks[i](doctor);
	}
	free(doctor->search_path);
	PQfreemem(doctor->schema);
}

EvcExit
evc_doctor(const EvcCli *cli)
{
	EvcDoctor doctor = {.json = cli->json};
	char trouble[512];

	doctor.server = evc_connect(cli, trouble, sizeof(trouble));
	if (doctor.server == NULL)
		evc_find(&doctor, "connection", EVC_GRADE_FAILURE, NULL, "%s", trouble);
	else
	{
		examine(&doctor);
		PQfinish(doctor.server);
	}
	if (doctor.json)
		printf("\n], \"status\": \"%s\"}\n", grades[doctor.worst]);
	return fflush(stdout) == 0 ? exit_of(doctor.worst) : EVC_EXIT_FAILURE;
}
