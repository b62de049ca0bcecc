/*
 * cli/job_finish.c
 *	  The end of a migration: the encrypted column takes the plaintext's name, and the
 *	  plaintext goes, at once or later.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Said when the plaintext has gone, since it has not gone from everywhere. */
static const char remains[] =
	"The plaintext is still in the table's file until it is rewritten (VACUUM FULL, "
	"CLUSTER), and in WAL, replicas' WAL, backups and dumps that are older: let these "
	"expire.";

/* What goes by the plaintext column and would go on doing so under its new name, or
 * with other contents: it is for its owner to change. */
static const char ask_dependents[] =
	"SELECT string_agg(DISTINCT pg_describe_object(classid, objid, objsubid), ', ')"
	" FROM pg_depend d JOIN pg_attribute a ON attrelid = refobjid AND attnum = "
	"refobjsubid"
	" WHERE refclassid = 'pg_class'::regclass AND refobjid = $1 AND quote_ident(attname) "
	"= $2 AND ((classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, "
	"'pg_proc'::regclass, 'pg_publication_rel'::regclass))"
	" OR (classid = 'pg_trigger'::regclass AND NOT EXISTS (SELECT FROM pg_trigger t "
	"WHERE "
	"t.oid = objid AND quote_ident(tgname) IN ($3, $4)))"
	" OR (classid = 'pg_attrdef'::regclass AND NOT EXISTS (SELECT FROM pg_attrdef f "
	"WHERE "
	"f.oid = objid AND adnum = attnum))"
	" OR (classid = 'pg_constraint'::regclass AND EXISTS (SELECT FROM pg_constraint c "
	"WHERE c.oid = objid AND conrelid <> $1)))";

static bool
check_dependents(EvcJob *job, const char *column)
{
	const char *values[] = {job->table.oid, column, job->table.trigger,
							job->table.insert_trigger};
	PGresult *result = evc_job_ask(job, "look for what depends on the column",
								   ask_dependents, 4, values);
	bool is_free = result != NULL && PQgetisnull(result, 0, 0);

	if (result != NULL && !is_free)
		evc_job_fail(job, "Drop them, and make them anew on the encrypted column.",
					 "these depend on the plaintext column: %s",
					 PQgetvalue(result, 0, 0));
	PQclear(result);
	return is_free;
}

/* Indexes and constraints of the column: PostgreSQL drops them with it without a word,
 * and leaves them with it when it has another name. */
static bool
say_what_is_on(EvcJob *job, const char *column, const char *fate)
{
	const char *values[] = {job->table.oid, column, job->table.constraint};
	PGresult *result =
		evc_job_ask(job, "look for what is on the column",
					"SELECT string_agg(DISTINCT pg_describe_object(classid, objid, "
					"objsubid), ', ')"
					" FROM pg_depend JOIN pg_attribute a ON attrelid = refobjid AND "
					"attnum = "
					"refobjsubid"
					" WHERE refclassid = 'pg_class'::regclass AND refobjid = $1 AND "
					"quote_ident(attname) = $2 AND (classid IN ('pg_class'::regclass, "
					"'pg_statistic_ext'::regclass) OR (classid = "
					"'pg_constraint'::regclass AND NOT "
					"EXISTS (SELECT FROM pg_constraint c WHERE c.oid = objid AND "
					"quote_ident(conname) "
					"= $3)))",
					3, values);

	if (result != NULL && !PQgetisnull(result, 0, 0))
		evc_job_say(job, "note", "%s: %s", fate, PQgetvalue(result, 0, 0));
	PQclear(result);
	return result != NULL;
}

/* While the constraint stands, which is the proof that saves PostgreSQL a scan. */
static bool
take_over_not_null(EvcJob *job)
{
	EvcText sql = {0};

	if (!job->table.source_not_null)
		return true;
	evc_text_add(&sql, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", job->table.name,
				 job->table.target);
	return evc_job_do_text(job, "make the encrypted column NOT NULL", &sql);
}

/* By its name, and it must still be the one that was looked at. */
static bool
lock_table(EvcJob *job)
{
	EvcText sql = {0};
	char *quoted =
		PQescapeLiteral(job->control, job->table.name, strlen(job->table.name));
	char *is_same = NULL;

	if (quoted == NULL)
		return evc_job_fail(job, NULL, "could not lock the table");
	evc_text_add(&sql, "LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", job->table.name);
	if (evc_job_do_text(job, "lock the table", &sql))
	{
		evc_text_add(&sql, "SELECT %s::regclass = $1::oid", quoted);
		is_same = evc_job_value(job, "lock the table", sql.bytes, 1,
								(const char *const *) &job->table.oid);
		free(sql.bytes);
	}
	PQfreemem(quoted);
	if (is_same != NULL && *is_same != 't')
		evc_job_fail(job, "Run the command again.", "%s is another table by now",
					 job->table.name);
	free(is_same);
	return !job->trouble.is_set;
}

/*
 * Between the verification and now rows may have been written, by who goes past the
 * trigger (session_replication_role) as well, and the trigger may have been away.
 */
static bool
prove_under_lock(EvcJob *job)
{
	bool installed = true;

	if (!lock_table(job))
		return false;
	if (!evc_job_is_in(job, "swapped") && !evc_job_is_installed(job, true, &installed))
		return false;
	if (!installed)
		return evc_job_fail(job, "Run the command without --finish first.",
							"trigger or constraint are not there any more, or not on");
	return evc_job_verify_rest(job);
}

/* For the encrypted column, in the plaintext's place. */
static bool
make_way(EvcJob *job)
{
	return prove_under_lock(job) && check_dependents(job, job->table.source) &&
		   take_over_not_null(job) && evc_job_uninstall(job);
}

static bool
swap_columns(EvcJob *job, void *argument)
{
	const EvcTable *table = &job->table;
	EvcText sql = {0};

	(void) argument;
	if (!make_way(job))
		return false;
	if (table->source_not_null)
		evc_text_add(&sql, "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL; ", table->name,
					 table->source);
	evc_text_add(&sql,
				 "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT; ALTER TABLE %s RENAME "
				 "COLUMN %s TO %s; ALTER TABLE %s RENAME COLUMN %s TO %s",
				 table->name, table->source, table->name, table->source, table->plain,
				 table->name, table->target, table->source);
	return evc_job_do_text(job, "swap the columns", &sql) &&
		   evc_job_set_phase(job, "swapped");
}

static bool
drop_beside(EvcJob *job, void *argument)
{
	const EvcTable *table = &job->table;
	EvcText sql = {0};

	(void) argument;
	if (!make_way(job))
		return false;
	evc_text_add(&sql,
				 "ALTER TABLE %s DROP COLUMN %s; ALTER TABLE %s RENAME COLUMN %s TO %s",
				 table->name, table->source, table->name, table->target, table->source);
	return evc_job_do_text(job, "drop the plaintext column", &sql) &&
		   evc_job_set_phase(job, "finished");
}

static bool
drop_swapped(EvcJob *job, void *argument)
{
	EvcText sql = {0};

	(void) argument;
	if (!prove_under_lock(job) || !check_dependents(job, job->table.plain))
		return false;
	evc_text_add(&sql, "ALTER TABLE %s DROP COLUMN %s", job->table.name,
				 job->table.plain);
	return evc_job_do_text(job, "drop the plaintext column", &sql) &&
		   evc_job_set_phase(job, "finished");
}

static bool
finish_by_swap(EvcJob *job)
{
	if (evc_job_is_in(job, "swapped") || evc_job_is_in(job, "finished"))
		return evc_job_fail(job, NULL, "the columns are swapped already");
	if (!check_dependents(job, job->table.source) ||
		!say_what_is_on(job, job->table.source,
						"on the plaintext column alone, which nothing fills any more, "
						"stays") ||
		!evc_job_transaction(job, "swap the columns", swap_columns, NULL))
		return false;
	evc_job_say(job, "swapped",
				"%s is the encrypted column now; the plaintext is in %s, which nothing "
				"fills any more: --finish drop drops it",
				job->table.source, job->table.plain);
	return true;
}

static bool
finish_by_drop(EvcJob *job)
{
	bool is_swapped = evc_job_is_in(job, "swapped");
	const char *column = is_swapped ? job->table.plain : job->table.source;

	if (!check_dependents(job, column) ||
		!say_what_is_on(job, column, "with the plaintext column goes") ||
		!evc_job_transaction(job, "drop the plaintext column",
							 is_swapped ? drop_swapped : drop_beside, NULL))
		return false;
	evc_job_say(job, "finished",
				"%s is the encrypted column now; the plaintext column is "
				"dropped",
				job->table.source);
	evc_job_say(job, "note", "%s", remains);
	return true;
}

/* Nothing is taken away of which it is not proven that it can be had back. */
bool
evc_job_finish(EvcJob *job)
{
	char *phase = evc_copy_text(job->phase);
	bool is_ready = evc_job_is_in(job, "encrypted") || evc_job_is_in(job, "swapped");

	if (!is_ready)
		evc_job_fail(job, "Run the command without --finish first.",
					 evc_job_is_in(job, "finished") ? "%s is finished already"
													: "%s is not encrypted yet",
					 job->table.name);
	is_ready = is_ready && evc_job_verify(job);
	free(job->phase);
	job->phase = phase;
	if (!is_ready)
		return false;
	return job->cli->job.action == EVC_ACTION_SWAP ? finish_by_swap(job)
												   : finish_by_drop(job);
}
