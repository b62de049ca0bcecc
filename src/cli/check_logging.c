/*
 * cli/check_logging.c
 *	  Is the library preloaded, and do statements get into logs?
 */
#include "cli/doctor.h"

#include <stdlib.h>
#include <string.h>

/* Another setting's value, and what comes of it while statements are not hidden. */
typedef struct Leak
{
	const char *setting;
	const char *condition; /* of its value v */
	const char *shows;
} Leak;

static const Leak leaks[] = {
	{"log_min_error_statement", "v NOT IN ('fatal', 'panic')",
	 "failing statements are logged with their literals"},
	{"log_statement", "v IN ('mod', 'all')",
	 "statements are logged with their literals and parameters"},
	{"log_min_duration_statement", "v <> '-1'",
	 "slow statements are logged with their literals and parameters"},
	{"log_min_duration_sample", "v <> '-1'",
	 "some statements are logged with their literals and parameters"},
	{"log_transaction_sample_rate", "v <> '0'",
	 "some statements are logged with their literals and parameters"},
	{"log_parameter_max_length_on_error", "v <> '0'",
	 "failing statements are logged with their parameters"},
	{"auto_explain.log_min_duration", "v <> '-1'",
	 "slow statements are logged with their literals, and plans with values"},
	{"debug_print_parse", "v = 'on'", "parse trees are logged with literals"},
	{"debug_print_rewritten", "v = 'on'", "parse trees are logged with literals"},
	{"debug_print_plan", "v = 'on'", "plans are logged with literals"},
	{"pg_stat_statements.track_utility", "v = 'on'",
	 "DO, CALL, EXPLAIN and their like are kept with their literals"},
	{"pgaudit.log", "v <> 'none'", "audited statements are logged with their literals"},
	{"track_activities", "v = 'on'",
	 "pg_stat_activity shows statements with their literals"},
};

void
evc_check_preload(EvcDoctor *doctor)
{
	char *libraries = evc_setting(doctor, "shared_preload_libraries");
	PGresult *result;

	if (libraries == NULL)
	{
		evc_find(doctor, "preload", EVC_GRADE_UNKNOWN,
				 "Ask as a superuser or a member of pg_monitor.",
				 "shared_preload_libraries is hidden from this role");
		return;
	}
	result = evc_examine(doctor, "preload",
						 "SELECT $1 ~ '(^|[,/\" ])evcrypt(\\.so)?($|[,\" ])'", 1,
						 (const char *const *) &libraries);
	if (result != NULL && *PQgetvalue(result, 0, 0) == 't')
		evc_find(doctor, "preload", EVC_GRADE_OK, NULL, "the server preloads evcrypt");
	else if (result != NULL)
		evc_find(doctor, "preload", EVC_GRADE_WARNING,
				 "Add evcrypt to shared_preload_libraries and restart the server.",
				 "the server does not preload evcrypt: EXPLAIN can ask E3, and redaction "
				 "misses what comes before the first call of a session");
	PQclear(result);
	free(libraries);
}

/* Roles and databases for which redaction is off. */
static void
check_exceptions(EvcDoctor *doctor)
{
	PGresult *result =
		evc_examine(doctor, "redact",
					"SELECT coalesce('role ' || quote_ident(rolname), 'all roles'),"
					" coalesce('database ' || quote_ident(datname), 'all databases')"
					" FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole"
					" LEFT JOIN pg_database d ON d.oid = s.setdatabase"
					" WHERE EXISTS (SELECT FROM unnest(setconfig) c"
					" WHERE lower(c) ~ '^evcrypt\\.redact=(off|false)$')",
					0, NULL);

	for (int i = 0; i < PQntuples(result); i++)
		evc_find(doctor, "redact", EVC_GRADE_WARNING,
				 "ALTER ROLE or DATABASE ... RESET evcrypt.redact.",
				 "evcrypt.redact is off for %s in %s", PQgetvalue(result, i, 0),
				 PQgetvalue(result, i, 1));
	PQclear(result);
}

void
evc_check_redact(EvcDoctor *doctor)
{
	char *redact = evc_setting(doctor, "evcrypt.redact");

	doctor->redacts = redact != NULL && strcmp(redact, "off") != 0;
	if (doctor->redacts)
		evc_find(doctor, "redact", EVC_GRADE_OK, NULL, "evcrypt.redact is %s", redact);
	else
		evc_find(doctor, "redact", EVC_GRADE_WARNING, "Set evcrypt.redact = on.",
				 "evcrypt.redact is off: logs and statistics show what is encrypted");
	check_exceptions(doctor);
	free(redact);
}

static bool
leaks_now(EvcDoctor *doctor, const Leak *leak)
{
	char query[512];
	PGresult *result;
	bool is_so;

	snprintf(query, sizeof(query),
			 "SELECT FROM pg_settings, lower(setting) v WHERE name = $1 AND %s",
			 leak->condition);
	result = evc_examine(doctor, "logging", query, 1, &leak->setting);
	is_so = result != NULL && PQntuples(result) > 0;
	PQclear(result);
	return is_so;
}

void
evc_check_logging(EvcDoctor *doctor)
{
	int found = 0;

	if (!doctor->redacts)
		for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++)
			if (leaks_now(doctor, &leaks[i]))
			{
				evc_find(doctor, "logging", EVC_GRADE_WARNING, NULL, "%s: %s",
						 leaks[i].setting, leaks[i].shows);
				found++;
			}
	if (found == 0)
		evc_find(doctor, "logging", EVC_GRADE_OK, NULL,
				 doctor->redacts ? "statements with values are hidden whatever is logged"
								 : "nothing is set to show statements");
}
