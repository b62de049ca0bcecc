/*
 * cli/walk_range.c
 *	  Where ranges end.
 */
#include "cli/walk_private.h"

#include <stdio.h>
#include <stdlib.h>

/* The keys of rows "skip" to "skip + limit - 1" of a range. */
static PGresult *
ask_keys(EvcJob *job, const EvcBound *lower, const EvcBound *within, long long skip,
		 long long limit)
{
	const EvcKey *key = &job->table.key;
	const char *values[2 * EVC_KEY_COLUMNS_MAX];
	EvcText sql = {0};
	PGresult *result;
	int n;

	evc_text_add(&sql, "SELECT ");
	evc_key_names(&sql, key);
	evc_text_add(&sql, " FROM %s", job->table.name);
	n = evc_key_range(&sql, key, lower, within);
	evc_text_add(&sql, " ORDER BY ");
	evc_key_order(&sql, key);
	evc_text_add(&sql, " OFFSET %lld LIMIT %lld", skip, limit);
	for (int i = 0; i < lower->n; i++)
		values[i] = lower->values[i];
	for (int i = 0; i < within->n; i++)
		values[lower->n + i] = within->values[i];
	result = evc_job_ask(job, "read keys", sql.bytes, n, values);
	free(sql.bytes);
	return result;
}

static void
take_last(EvcBound *bound, const PGresult *result)
{
	evc_bound_free(bound);
	for (int i = 0; i < PQnfields(result); i++)
		bound->values[bound->n++] =
			evc_copy_text(PQgetvalue(result, PQntuples(result) - 1, i));
}

/* Where there are not so many rows any more, the last one of all ends it. */
long long
evc_range_next(EvcJob *job, const EvcBound *lower, const EvcBound *within, long long rows,
			   EvcBound *upper)
{
	PGresult *result = ask_keys(job, lower, within, rows - 1, 1);

	if (result != NULL && PQntuples(result) == 0)
	{
		PQclear(result);
		result = ask_keys(job, lower, within, 0, rows);
		rows = PQntuples(result);
	}
	if (result == NULL)
		return -1;
	if (PQntuples(result) > 0)
		take_last(upper, result);
	PQclear(result);
	return rows;
}
