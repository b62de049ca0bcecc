/*
 * cli/check_labels.c
 *	  Labels of columns: does what they name exist still?
 */
#include "cli/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sqltext.h"

/* Missing privileges say nothing of the label. */
static void
find_trouble(EvcDoctor *doctor, const char *column, const char *sqlstate)
{
	bool refused = strcmp(sqlstate, "42501") == 0;

	evc_find(doctor, "labels", refused ? EVC_GRADE_UNKNOWN : EVC_GRADE_FAILURE,
			 refused
				 ? NULL
				 : "Give the column another label, with the names that there are now.",
			 "%s: %s", column, evc_server_trouble(doctor->server));
}

/* What "column", as it is shown, has is asked for by table and name. */
static bool
check_label(EvcDoctor *doctor, const char *column, const char *const *values)
{
	EvcText sql = {0};
	char sqlstate[6];
	PGresult *result;

	evc_text_add(&sql, "SELECT FROM %s.evcrypt_label($1, $2)", doctor->schema);
	result = evc_ask(doctor->server, sql.bytes, 2, values, sqlstate);
	free(sql.bytes);
	if (result == NULL)
		find_trouble(doctor, column, sqlstate);
	PQclear(result);
	return result != NULL;
}

void
evc_check_labels(EvcDoctor *doctor)
{
	PGresult *result = evc_examine(doctor, "labels",
								   "SELECT objoid::regclass || '.' || "
								   "quote_ident(attname), objoid, attname"
								   " FROM pg_seclabel JOIN pg_attribute ON attrelid = "
								   "objoid AND attnum = objsubid"
								   " WHERE provider = 'evcrypt' AND classoid = "
								   "'pg_class'::regclass ORDER BY 1",
								   0, NULL);
	bool all = result != NULL;

	for (int i = 0; i < PQntuples(result); i++)
	{
		const char *values[] = {PQgetvalue(result, i, 1), PQgetvalue(result, i, 2)};

		all &= check_label(doctor, PQgetvalue(result, i, 0), values);
	}
	if (all)
		evc_find(doctor, "labels", EVC_GRADE_OK, NULL,
				 "what labels of %d columns name is there", PQntuples(result));
	PQclear(result);
}
