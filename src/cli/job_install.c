/*
 * cli/job_install.c
 *	  What a migration adds to its table, and takes away again: the encrypted column, a
 *	  trigger that fills it for every row that is written from now on, and a constraint
 *	  that refuses the rows which some way past the trigger would leave without.
 *
 * All in one transaction, which the job's next phase is part of.  It waits for those
 * that write, and those that come later see the trigger: so the walk that follows it
 * sees every row that the trigger has not.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

/*
 * Where a source is tested, IS NULL would say of a composite value that it is null if
 * all its fields are; IS DISTINCT FROM NULL does not.
 */
static bool
add_column(EvcJob *job)
{
	EvcText sql = {0};

	if (job->table.target_exists)
		return true;
	evc_text_add(&sql, "ALTER TABLE %s ADD COLUMN %s %s.encrypted", job->table.name,
				 job->table.target, job->schema);
	return evc_job_do_text(job, "add the column", &sql);
}

/* A session of another app or role would encrypt what nobody can open who goes by the
 * label. */
static void
add_check(EvcText *body, const char *setting, const char *value)
{
	if (value == NULL)
		return;
	evc_text_add(body,
				 "\tIF current_setting('%s') <> '%s' THEN\n\t\tRAISE EXCEPTION USING "
				 "ERRCODE = '42501',\n\t\t\tMESSAGE = 'the column is encrypted with %s "
				 "= %s';\n\tEND IF;\n",
				 setting, value, setting, value);
}

/* Without a plaintext it has nothing to do, but where that has been taken away and the
 * ciphertext left: the trigger for INSERT, which has no OLD, does not call it then.
 * Of the row as it will be, under a path on which no stranger's objects are. */
static bool
add_function(EvcJob *job)
{
	const EvcTable *table = &job->table;
	EvcText body = {0};
	EvcText sql = {0};
	char *quoted;

	evc_text_add(&body, "#variable_conflict use_column\nBEGIN\n");
	add_check(&body, "evcrypt.app", job->app);
	add_check(&body, "evcrypt.role", job->role);
	evc_text_add(&body,
				 "\tIF NEW.%s IS DISTINCT FROM NULL THEN\n\t\tSELECT "
				 "%s.encrypt(%s%s) INTO NEW.%s\n"
				 "\t\tFROM (SELECT NEW.*) AS %s;\n",
				 table->source, job->schema, job->value, job->context_argument,
				 table->target, table->relation);
	evc_text_add(&body,
				 "\tELSIF OLD.%s IS DISTINCT FROM NULL AND pg_catalog.record_image_eq("
				 "ROW(NEW.%s), ROW(OLD.%s)) THEN\n\t\tNEW.%s := NULL;\n\tEND "
				 "IF;\n\tRETURN NEW;\nEND",
				 table->source, table->target, table->target, table->target);
	quoted = PQescapeLiteral(job->control, body.bytes, body.len);
	free(body.bytes);
	if (quoted == NULL)
		return evc_job_fail(job, NULL, "could not make the trigger's function");
	evc_text_add(&sql,
				 "CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql"
				 " SET search_path = pg_catalog, pg_temp AS %s",
				 table->function, quoted);
	PQfreemem(quoted);
	return evc_job_do_text(job, "make the trigger's function", &sql);
}

/* "ROW(NEW.a, NEW.b)": of two records it can be told whether they are the same in
 * every bit, whatever their types; by a function, since a dump would write the operator
 * so that it is read as one of the columns. */
static bool
add_record(EvcJob *job, EvcText *sql, const char *record)
{
	const char *columns = job->context_columns;
	PGresult *result = evc_job_ask(job, "read the context's columns",
								   "SELECT unnest($1::text[])", 1, &columns);

	if (result == NULL)
		return false;
	evc_text_add(sql, "ROW(%s.%s", record, job->table.source);
	for (int i = 0; i < PQntuples(result); i++)
		evc_text_add(sql, ", %s.%s", record, PQgetvalue(result, i, 0));
	evc_text_add(sql, ")");
	PQclear(result);
	return true;
}

static bool
add_triggers(EvcJob *job)
{
	const EvcTable *table = &job->table;
	EvcText sql = {0};
	bool done;

	evc_text_add(&sql,
				 "CREATE TRIGGER %s BEFORE UPDATE ON %s FOR EACH ROW WHEN ((NEW.%s IS "
				 "DISTINCT FROM NULL AND NEW.%s IS NULL) OR pg_catalog.record_image_ne(",
				 table->trigger, table->name, table->source, table->target);
	done = add_record(job, &sql, "NEW");
	evc_text_add(&sql, ", ");
	done = done && add_record(job, &sql, "OLD");
	evc_text_add(&sql, ")) EXECUTE FUNCTION %s()", table->function);
	if (!done)
	{
		free(sql.bytes);
		return false;
	}
	if (!evc_job_do_text(job, "make the trigger", &sql))
		return false;
	evc_text_add(&sql,
				 "CREATE TRIGGER %s BEFORE INSERT ON %s FOR EACH ROW WHEN (NEW.%s IS "
				 "DISTINCT FROM NULL) EXECUTE FUNCTION %s()",
				 table->insert_trigger, table->name, table->source, table->function);
	return evc_job_do_text(job, "make the trigger", &sql);
}

static bool
add_constraint(EvcJob *job)
{
	const EvcTable *table = &job->table;
	EvcText sql = {0};

	evc_text_add(&sql, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (", table->name,
				 table->constraint);
	if (!table->source_not_null)
		evc_text_add(&sql, "%s IS NOT DISTINCT FROM NULL OR ", table->source);
	evc_text_add(&sql, "%s IS NOT NULL) NOT VALID", table->target);
	return evc_job_do_text(job, "add the constraint", &sql);
}

bool
evc_job_uninstall(EvcJob *job)
{
	const EvcTable *table = &job->table;
	EvcText sql = {0};

	evc_text_add(&sql,
				 "DROP TRIGGER IF EXISTS %s ON %s; DROP TRIGGER IF EXISTS %s ON %s;"
				 " DROP FUNCTION IF EXISTS %s();"
				 " ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
				 table->trigger, table->name, table->insert_trigger, table->name,
				 table->function, table->name, table->constraint);
	return evc_job_do_text(job, "change the table's triggers", &sql);
}

/* What is in a column that was there before has not been kept up by the trigger. */
static bool
install(EvcJob *job, void *argument)
{
	(void) argument;
	return evc_job_uninstall(job) && add_column(job) && add_function(job) &&
		   add_triggers(job) && add_constraint(job) && evc_job_start_over(job) &&
		   evc_job_set_phase(job, job->table.target_exists ? "repair" : "encrypt");
}

bool
evc_job_install(EvcJob *job)
{
	evc_job_note_key(job);
	return evc_job_note_writers(job) &&
		   evc_job_transaction(job, "add the trigger", install, NULL);
}
