/*
 * cli/job_steps.h
 *	  The steps of a job, in their order.
 */
#ifndef EVC_CLI_JOB_STEPS_H
#define EVC_CLI_JOB_STEPS_H

#include "cli/job.h"

/* In job_table.c, job_column.c, job_label.c, job_key.c and job_context.c: look, and
 * refuse what cannot be done. */
extern bool evc_job_look_at_table(EvcJob *job);
extern bool evc_job_look_at_columns(EvcJob *job);
extern bool evc_job_take_label(EvcJob *job);
extern bool evc_job_count_rows(EvcJob *job); /* or estimates */
extern bool evc_job_find_key(EvcJob *job);
extern bool evc_job_settle_value(EvcJob *job);

/* In job_state.c. */
extern bool evc_job_find(EvcJob *job); /* reads the row, if there is one */
extern bool evc_job_open(EvcJob *job); /* makes it if there is none, and locks it */
extern bool evc_job_is_in(const EvcJob *job, const char *phase);
extern bool evc_job_set_phase(EvcJob *job, const char *phase);
extern bool evc_job_start_over(EvcJob *job); /* from the first row on */
extern bool evc_job_checkpoint(EvcJob *job);
extern bool evc_job_renew(EvcJob *job); /* its rows are counted anew */
extern bool evc_job_forget(EvcJob *job);

/* Of migrate: job_install.c, job_finish.c, job_verify.c. */
extern bool evc_job_is_installed(EvcJob *job, bool *installed);
extern bool evc_job_install(EvcJob *job);
extern bool evc_job_uninstall(EvcJob *job);
extern bool evc_job_finish(EvcJob *job);
extern bool evc_job_verify(EvcJob *job);

/* Of both: key_id of what is encrypted now, to be freed; NULL is trouble. */
extern char *evc_job_newest_key(EvcJob *job);

/* In job_plan.c. */
extern bool evc_job_dry_run(EvcJob *job);
extern bool evc_job_note_writers(EvcJob *job);

/* In job.c: the frame of both commands. */
extern EvcExit evc_job_run(const EvcCli *cli, const char *operation,
						   bool (*work)(EvcJob *job));

#endif /* EVC_CLI_JOB_STEPS_H */
