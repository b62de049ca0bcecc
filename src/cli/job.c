/*
 * cli/job.c
 *	  The frame of evcrypt migrate and evcrypt rotate: what is looked at first, and what
 *	  they end with.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/walk.h"

static bool
needs_job(const EvcJob *job)
{
	EvcAction action = job->cli->job.action;

	return action == EVC_ACTION_SWAP || action == EVC_ACTION_DROP ||
		   action == EVC_ACTION_ABANDON;
}

static bool
find_extension(EvcJob *job)
{
	job->schema = evc_extension_schema(job->control);
	return job->schema != NULL ||
		   evc_job_fail(job, "CREATE EXTENSION evcrypt, or name another database.",
						"evcrypt is not in the database %s", PQdb(job->control));
}

/* Options come first, then what the job was begun with, then the column's label. */
static bool
look(EvcJob *job)
{
	const EvcJobOptions *options = &job->cli->job;

	job->to = evc_copy_text(options->to);
	job->type = evc_copy_text(options->type);
	job->context = evc_copy_text(options->context);
	if (!find_extension(job) || !evc_job_look_at_table(job) || !evc_job_find(job))
		return false;
	if (*job->id == '\0' && needs_job(job))
		return evc_job_fail(job, NULL, "there is no such job");
	return evc_job_look_at_columns(job) && evc_job_take_label(job) &&
		   evc_job_find_key(job) && evc_job_settle_value(job);
}

static bool
do_job(EvcJob *job, bool (*work)(EvcJob *job))
{
	EvcAction action = job->cli->job.action;

	job->control = evc_job_connect(job);
	/* Its own rows of the jobs are what it shall see. */
	if (job->control == NULL || !evc_job_do(job, "prepare", "SET row_security = on") ||
		!look(job))
		return false;
	if (action == EVC_ACTION_DRY_RUN)
		return evc_job_dry_run(job);
	if (action != EVC_ACTION_VERIFY && !evc_job_open(job))
		return false;
	return work(job);
}

static void
free_job(EvcJob *job)
{
	char **owned[] = {&job->table.oid,
					  &job->table.name,
					  &job->table.schema,
					  &job->table.relation,
					  &job->table.source,
					  &job->table.source_type,
					  &job->table.target,
					  &job->table.plain,
					  &job->table.trigger,
					  &job->table.insert_trigger,
					  &job->table.function,
					  &job->table.constraint,
					  &job->to,
					  &job->type,
					  &job->context,
					  &job->value,
					  &job->phase,
					  &job->context_argument,
					  &job->context_columns,
					  &job->kept_to,
					  &job->kept_type,
					  &job->kept_context,
					  &job->app,
					  &job->role};

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(*owned[i]);
	evc_key_free(&job->table.key);
	evc_bound_free(&job->reached);
	PQfreemem(job->schema);
	PQfinish(job->control);
}

EvcExit
evc_job_run(const EvcCli *cli, const char *operation, bool (*work)(EvcJob *job))
{
	EvcJob job = {.cli = cli, .operation = operation};
	bool done = do_job(&job, work);
	EvcExit status = done ? EVC_EXIT_OK : EVC_EXIT_FAILURE;

	if (!done && evc_interrupted())
	{
		evc_job_say(&job, "interrupted",
					"interrupted: the same command goes on from here");
		status = EVC_EXIT_INTERRUPTED;
	}
	else
		evc_job_report_trouble(&job);
	free_job(&job);
	return fflush(stdout) == 0 ? status : EVC_EXIT_FAILURE;
}
