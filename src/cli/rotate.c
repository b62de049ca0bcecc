/*
 * cli/rotate.c
 *	  evcrypt rotate: every value of an encrypted column under the newest key, without
 *	  its plaintext leaving E3.
 *
 *	  (no job) --> prepare --> reencrypt --> check --> done
 *	                              ^ a walk     | one look at all
 *	                              +------------+ some are left
 *
 * What applications encrypt is under the newest key anyway.  But a row that the walk has
 * not come to yet may be moved behind it by an update of its key, and a ciphertext may
 * be written that is older; so the walk is repeated until one look at the whole table,
 * in one snapshot, finds nothing left.
 */
#include "cli/job_steps.h"

#include <stdlib.h>
#include <string.h>

#include "cli/walk.h"

#define WALKS_MAX 10

/* What is to be worked on still. */
static void
add_left(EvcText *sql, const EvcJob *job, const char *newest)
{
	evc_text_add(sql,
				 "%s IS NOT NULL AND (%s.encrypted_info(%s)).key_id IS DISTINCT FROM "
				 "'%s'",
				 job->table.source, job->schema, job->table.source, newest);
}

static bool
walk(EvcJob *job, const char *newest)
{
	EvcText head = {0};
	EvcText tail = {0};

	evc_text_add(&head, "UPDATE %s SET %s = %s.reencrypt(%s%s)", job->table.name,
				 job->table.source, job->schema, job->table.source,
				 job->context_argument);
	evc_text_add(&tail, " AND ");
	add_left(&tail, job, newest);
	return evc_walk_update(job, &head, &tail);
}

/* Below 0: trouble. */
static long long
count_left(EvcJob *job, const char *newest)
{
	EvcText sql = {0};
	char *count = NULL;
	long long left;

	evc_text_add(&sql, "SELECT count(*) FROM %s WHERE ", job->table.name);
	add_left(&sql, job, newest);
	if (evc_job_do(job, "see all rows", "SET row_security = off"))
		count = evc_job_value(job, "look for what is left", sql.bytes, 0, NULL);
	left = evc_job_do(job, "see the jobs", "SET row_security = on") && count != NULL
			   ? atoll(count)
			   : -1;
	free(sql.bytes);
	free(count);
	return left;
}

static bool
end(EvcJob *job, const char *newest)
{
	if (!evc_job_set_phase(job, "done"))
		return false;
	evc_job_say(job, "done",
				"all of %s is under the newest key, %s; %lld rows by this job",
				job->table.source, newest, job->rows_changed);
	return true;
}

/* How many are left after it; none: the job is done.  Below 0: trouble. */
static long long
walk_once(EvcJob *job, const char *newest)
{
	long long left;

	if (!evc_job_set_phase(job, "reencrypt") || !evc_job_count_rows(job) ||
		!walk(job, newest) || !evc_job_set_phase(job, "check"))
		return -1;
	left = count_left(job, newest);
	if (left == 0)
		return end(job, newest) ? 0 : -1;
	return left > 0 && evc_job_start_over(job) ? left : -1;
}

/* E3 is asked again each time: the key may be another by now. */
static bool
run(EvcJob *job)
{
	long long left = 0;

	if (evc_job_is_in(job, "done") && (!evc_job_renew(job) || !evc_job_start_over(job)))
		return false;
	for (int i = 0; i < WALKS_MAX; i++)
	{
		char *newest = evc_job_newest_key(job);

		left = newest != NULL ? walk_once(job, newest) : -1;
		free(newest);
		if (left <= 0)
			return left == 0;
		if (job->failures > 0)
			return evc_job_fail(job, "Mend them, and run the command again.",
								"%lld values are left, of which %d could not be "
								"re-encrypted",
								left, job->failures);
	}
	return evc_job_fail(job, "See who writes ciphertexts that are not made here.",
						"older values keep coming in: %lld are left", left);
}

static bool
work(EvcJob *job)
{
	if (job->cli->job.action == EVC_ACTION_VERIFY)
		return evc_job_verify(job);
	if (job->cli->job.action == EVC_ACTION_ABANDON)
		return evc_job_forget(job);
	return run(job);
}

EvcExit
evc_rotate(const EvcCli *cli)
{
	return evc_job_run(cli, "rotate", work);
}
