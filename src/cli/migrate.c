/*
 * cli/migrate.c
 *	  evcrypt migrate: from a plaintext column to an encrypted one, while the table is
 *	  written to.
 *
 *	  (no job) --> prepare --> encrypt --> check --> encrypted --> swapped --> finished
 *	                  the trigger  a walk   VALIDATE       \____________________^
 *
 * From the trigger on every row that is written has its ciphertext; the walk encrypts
 * those that have none, and leaves the others alone, so it may be done again from any
 * place.  What was in the column before the trigger is not to be relied on, nor what a
 * verification has found fault with: then the phase is "repair", in place of "encrypt",
 * and the walk encrypts all that has a plaintext.  That no row was missed is what
 * validating the constraint proves.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

#include "cli/walk.h"

/* How often rows may turn up that the walk has not seen: none should. */
#define WALKS_MAX 3

static bool
walk(EvcJob *job)
{
	const EvcTable *table = &job->table;
	EvcText head = {0};
	EvcText tail = {0};

	evc_text_add(&head, "UPDATE %s SET %s = %s.encrypt(%s%s)", table->name, table->target,
				 job->schema, job->value, job->context_argument);
	evc_text_add(&tail, " AND %s IS DISTINCT FROM NULL", table->source);
	if (!evc_job_is_in(job, "repair"))
		evc_text_add(&tail, " AND %s IS NULL", table->target);
	return evc_walk_update(job, &head, &tail);
}

/* Of rows that fail it would find nothing new. */
static bool
validate(EvcJob *job, void *argument)
{
	EvcText sql = {0};

	(void) argument;
	evc_text_add(&sql, "ALTER TABLE %s VALIDATE CONSTRAINT %s", job->table.name,
				 job->table.constraint);
	return evc_job_do_text(job, "see that all is encrypted", &sql) &&
		   evc_job_set_phase(job, "encrypted");
}

static bool
encrypt_all(EvcJob *job)
{
	const char *phase = evc_job_is_in(job, "repair") ? "repair" : "encrypt";

	if (!evc_job_set_phase(job, phase) || !evc_job_count_rows(job) || !walk(job))
		return false;
	if (job->failures > 0)
	{
		evc_job_start_over(job);
		return evc_job_fail(job, "Mend them, and run the command again.",
							"%d rows could not be encrypted", job->failures);
	}
	return evc_job_set_phase(job, "check");
}

static bool
encrypt_and_validate(EvcJob *job)
{
	for (int i = 1; i <= WALKS_MAX; i++)
	{
		if (!evc_job_is_in(job, "check") && !encrypt_all(job))
			return false;
		if (evc_job_transaction(job, "see that all is encrypted", validate, NULL))
			return true;
		if (strcmp(job->trouble.sqlstate, "23514") != 0 || i == WALKS_MAX)
			return false;
		memset(&job->trouble, 0, sizeof(job->trouble));
		if (!evc_job_start_over(job) || !evc_job_set_phase(job, "encrypt"))
			return false;
	}
	return false;
}

/* All that has a plaintext is encrypted anew, whatever its ciphertext is. */
static bool
begin_repair(EvcJob *job)
{
	return evc_job_is_in(job, "repair") ||
		   (evc_job_start_over(job) && evc_job_set_phase(job, "repair"));
}

static bool
run(EvcJob *job)
{
	bool installed;

	if (evc_job_is_in(job, "finished") && !job->table.source_is_encrypted)
		return evc_job_fail(job, "--abandon forgets that job, then it can be begun anew.",
							"the job of an earlier column %s is finished",
							job->table.source);
	if (evc_job_is_in(job, "swapped") || evc_job_is_in(job, "finished"))
		return evc_job_fail(job, "evcrypt rotate renews it.", "%s is encrypted already",
							job->table.source);
	if (!evc_job_is_installed(job, false, &installed))
		return false;
	/* A trigger that somebody else's job has left may have another context. */
	if ((!installed || evc_job_is_in(job, "prepare")) && !evc_job_install(job))
		return false;
	if (job->cli->job.repair && !begin_repair(job))
		return false;
	if (evc_job_is_in(job, "encrypted"))
		evc_job_say(job, "encrypted", "%s is encrypted already", job->table.source);
	else if (!encrypt_and_validate(job))
		return false;
	else
		evc_job_say(job, "encrypted",
					"%s is encrypted in %s, %lld rows by this job; what is written now "
					"is "
					"encrypted by a trigger",
					job->table.source, job->table.target, job->rows_changed);
	evc_job_say(job, "note",
				"--verify proves it through E3; --finish swap or --finish "
				"drop makes it the column");
	return true;
}

static bool
abandon(EvcJob *job, void *argument)
{
	(void) argument;
	return evc_job_uninstall(job) && evc_job_forget(job);
}

static bool
end_job(EvcJob *job)
{
	if (evc_job_is_in(job, "swapped"))
		return evc_job_fail(job, "--finish drop ends the job.",
							"the columns are swapped already");
	if (evc_job_is_in(job, "finished"))
	{
		if (!evc_job_forget(job))
			return false;
		evc_job_say(job, "abandoned", "the job is gone, which was finished");
		return true;
	}
	if (!evc_job_transaction(job, "end the job", abandon, NULL))
		return false;
	evc_job_say(job, "abandoned", "the trigger and the job are gone; %s is left",
				job->kept_to);
	return true;
}

static bool
work(EvcJob *job)
{
	switch (job->cli->job.action)
	{
		case EVC_ACTION_VERIFY:
			return evc_job_verify(job);
		case EVC_ACTION_SWAP:
		case EVC_ACTION_DROP:
			return evc_job_finish(job);
		case EVC_ACTION_ABANDON:
			return end_job(job);
		default:
			return run(job);
	}
}

EvcExit
evc_migrate(const EvcCli *cli)
{
	return evc_job_run(cli, "migrate", work);
}
