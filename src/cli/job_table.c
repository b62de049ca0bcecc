/*
 * cli/job_table.c
 *	  Looks at the table of a job, and refuses what cannot be done or would not be safe.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As psql would find it, by the path of the role and the database. */
static bool
find_table(EvcJob *job)
{
	const char *name = job->cli->job.table;
	bool found = evc_job_do(job, "begin", "BEGIN READ ONLY; RESET search_path");

	if (found)
	{
		job->table.oid =
			evc_job_value(job, "find the table",
						  "SELECT $1::pg_catalog.regclass::pg_catalog.oid", 1, &name);
		found = job->table.oid != NULL;
	}
	PQclear(PQexec(job->control, "ROLLBACK"));
	return found;
}

typedef struct Refusal
{
	const char *condition; /* SQL, of the table $1 */
	const char *message;   /* goes on from the table's name */
	const char *hint;
} Refusal;

static const Refusal refusals[] = {
	{"SELECT relkind NOT IN ('r', 'p') FROM pg_class WHERE oid = $1",
	 "is not a table, or one of another server", "Name the table that stores the rows."},
	{"SELECT relispartition FROM pg_class WHERE oid = $1", "is a partition",
	 "Name the partitioned table: its partitions are worked on with it."},
	{"SELECT relnamespace = 'pg_catalog'::regnamespace OR relpersistence = 't' FROM "
	 "pg_class WHERE oid = $1",
	 "is a catalog, or temporary", NULL},
	{"SELECT relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = $1) "
	 "FROM pg_class WHERE oid = $1",
	 "has tables that inherit from it, with keys of their own",
	 "Partitioned tables can be worked on, other inheritance cannot."},
	{"SELECT row_security_active($1::oid)",
	 "has row-level security, which would hide rows from this role",
	 "Use the table's owner, or a role with BYPASSRLS."},
	{"SELECT EXISTS (SELECT FROM pg_rewrite WHERE ev_class = $1 AND ev_type = '2')",
	 "has a rule for UPDATE, which would change what is updated", "Drop the rule."},
	{"SELECT EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = $1)",
	 "gets its rows by logical replication, whose changes no trigger sees",
	 "Work on the table that is published, and then make the subscription anew."},
};

bool
evc_job_refuse_table(EvcJob *job)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
	{
		char *refused = evc_job_value(job, "look at the table", refusals[i].condition, 1,
									  (const char *const *) &job->table.oid);
		bool is_refused = refused != NULL && *refused == 't';

		if (refused == NULL)
			return false;
		free(refused);
		if (is_refused)
			return evc_job_fail(job, refusals[i].hint, "%s %s", job->table.name,
								refusals[i].message);
	}
	return true;
}

static bool
name_table(EvcJob *job)
{
	EvcTable *table = &job->table;
	PGresult *result =
		evc_job_ask(job, "look at the table",
					"SELECT quote_ident(nspname) || '.' || quote_ident(relname), "
					"quote_ident(nspname), quote_ident(relname)"
					" FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
					"WHERE c.oid = $1",
					1, (const char *const *) &table->oid);

	if (result == NULL)
		return false;
	table->name = evc_copy_text(PQgetvalue(result, 0, 0));
	table->schema = evc_copy_text(PQgetvalue(result, 0, 1));
	table->relation = evc_copy_text(PQgetvalue(result, 0, 2));
	PQclear(result);
	return evc_job_find_objects(job);
}

/* An estimate where counting would take long. */
bool
evc_job_count_rows(EvcJob *job)
{
	EvcText sql = {0};
	char *rows;

	evc_text_add(&sql,
				 "SELECT CASE WHEN sum(pg_relation_size(c.oid)) < 1 << 30 THEN (SELECT "
				 "count(*) FROM %s) ELSE greatest(sum(reltuples)::int8, 0) END"
				 " FROM pg_class c WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM "
				 "pg_partition_tree($1) WHERE isleaf)",
				 job->table.name);
	rows = evc_job_value(job, "count the rows", sql.bytes, 1,
						 (const char *const *) &job->table.oid);
	free(sql.bytes);
	job->rows_total = rows != NULL ? atoll(rows) : 0;
	free(rows);
	return !job->trouble.is_set;
}

bool
evc_job_look_at_table(EvcJob *job)
{
	return find_table(job) && name_table(job);
}
