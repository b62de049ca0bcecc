/*
 * cli/job_verify.c
 *	  Is everything encrypted, under the newest key, and does it open?  E3 is asked for
 *	  every value, and all of it is looked at in one snapshot: that is the proof.
 */
#include "cli/job_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/walk.h"

/* What is counted, in this order. */
enum
{
	COUNT_ROWS,
	COUNT_VALUES,
	COUNT_MISSING,
	COUNT_STRAY,
	COUNT_OLD,
	COUNT_UNLIKE,
	N_COUNTS
};

char *
evc_job_newest_key(EvcJob *job)
{
	EvcText sql = {0};
	char *key;

	evc_text_add(&sql, "SELECT (%s.encrypted_info(%s.encrypt(''::text))).key_id",
				 job->schema, job->schema);
	key = evc_job_value(job, "ask E3 for the newest key", sql.bytes, 0, NULL);
	free(sql.bytes);
	return key;
}

/* Is the plaintext still beside it? */
static bool
can_compare(const EvcJob *job)
{
	return strcmp(job->operation, "migrate") == 0 && !job->table.source_is_encrypted;
}

static void
add_count(EvcText *sql, const char *condition)
{
	evc_text_add(sql, "count(*) FILTER (WHERE %s), ", condition);
}

/*
 * What was encrypted is what the type's output function wrote, and so that is compared:
 * a cast to text can be anybody's, who would have it say that all is well, or run what
 * they like as whoever verifies.  Of character(n) the cast is the server's own, and
 * takes the blanks off, as encrypt(text) did.
 */
static void
add_findings(EvcText *sql, const EvcJob *job, const char *newest, const char *type)
{
	bool is_padded =
		strcmp(type, "character") == 0 || strncmp(type, "character(", 10) == 0;
	const char *write = is_padded ? "pg_catalog.text" : "pg_catalog.format";
	const char *form = is_padded ? "" : "'%s', ";

	evc_text_add(sql, "SELECT count(*), count(target), ");
	if (can_compare(job))
	{
		add_count(sql, "plain IS DISTINCT FROM NULL AND target IS NULL");
		add_count(sql, "plain IS NOT DISTINCT FROM NULL AND target IS NOT NULL");
	}
	else
		evc_text_add(sql, "0, 0, ");
	evc_text_add(sql,
				 "count(*) FILTER (WHERE target IS NOT NULL AND"
				 " (%s.encrypted_info(target)).key_id IS DISTINCT FROM '%s'), ",
				 job->schema, newest);
	if (can_compare(job))
		evc_text_add(sql,
					 "count(*) FILTER (WHERE target IS NOT NULL AND plain IS DISTINCT"
					 " FROM NULL AND (opened IS NOT DISTINCT FROM NULL OR %s(%splain)"
					 " COLLATE \"C\" <> %s(%sopened) COLLATE \"C\"))",
					 write, form, write, form);
	else
		evc_text_add(sql, "count(target) - count(opened)");
}

/* A value that does not open is an error, and so a row that has failed. */
static char *
build_head(const EvcJob *job, const char *newest)
{
	bool compares = can_compare(job);
	const char *target = compares ? job->table.target : job->table.source;
	const char *type = !compares		   ? "bytea"
					   : job->type != NULL ? job->type
										   : job->table.source_type;
	EvcText sql = {0};

	add_findings(&sql, job, newest, type);
	evc_text_add(&sql,
				 " FROM (SELECT %s AS target, %s AS plain,"
				 " %s.decrypt_as(%s, NULL::%s%s) AS opened FROM %s",
				 target, compares ? job->value : "NULL", job->schema, target, type,
				 job->context_argument, job->table.name);
	return sql.bytes;
}

static void
say_json(const EvcJob *job, const long long *counts, const char *newest)
{
	printf("{\"event\": \"verified\", \"key\": \"%s\", \"rows\": %lld, \"values\": %lld, "
		   "\"missing\": %lld, \"stray\": %lld, \"old_key\": %lld, \"unlike\": %lld, "
		   "\"failed\": %d}\n",
		   newest, counts[COUNT_ROWS], counts[COUNT_VALUES], counts[COUNT_MISSING],
		   counts[COUNT_STRAY], counts[COUNT_OLD], counts[COUNT_UNLIKE], job->failures);
}

static void
say_counts(const EvcJob *job, const long long *counts, const char *newest)
{
	static const char *const findings[] =
		{[COUNT_MISSING] = "plaintexts that are not encrypted",
		 [COUNT_STRAY] = "ciphertexts where there is no plaintext",
		 [COUNT_OLD] = "values under another key than the newest",
		 [COUNT_UNLIKE] = "values that open to something else than the plaintext"};

	if (job->cli->json)
	{
		say_json(job, counts, newest);
		return;
	}
	evc_job_say(job, "verified", "%lld rows, %lld values; the newest key is %s",
				counts[COUNT_ROWS], counts[COUNT_VALUES], newest);
	for (int i = COUNT_MISSING; i < N_COUNTS; i++)
		if (counts[i] != 0)
			evc_job_say(job, "verified", "%lld %s", counts[i], findings[i]);
	if (job->failures > 0)
		evc_job_say(job, "verified", "%d values that do not open", job->failures);
}

static bool
judge(EvcJob *job, const long long *counts, const char *newest)
{
	bool is_good = job->failures == 0;

	for (int i = COUNT_MISSING; i < N_COUNTS; i++)
		is_good = is_good && counts[i] == 0;
	say_counts(job, counts, newest);
	if (!is_good)
		return evc_job_fail(job, "Run the command again without --verify.",
							"%s is not all encrypted", job->table.name);
	evc_job_say(job, "complete", "all values open%s, all are under the newest key",
				can_compare(job) ? ", all are the plaintext's" : "");
	return true;
}

static bool
verify_in_snapshot(EvcJob *job, const char *newest)
{
	EvcWalk walk = {.job = job, .tail = " OFFSET 0) AS q"};
	char *head = build_head(job, newest);
	char *snapshot =
		evc_job_value(job, "keep a snapshot", "SELECT pg_export_snapshot()", 0, NULL);
	bool walked = false;

	walk.head = head;
	walk.snapshot = snapshot;
	if (snapshot != NULL && evc_job_count_rows(job))
		walked = evc_walk(&walk);
	free(head);
	free(snapshot);
	return walked && judge(job, walk.counts, newest);
}

bool
evc_job_verify(EvcJob *job)
{
	char *newest = evc_job_newest_key(job);
	bool is_swapped = evc_job_is_in(job, "swapped");
	bool verified = false;

	evc_bound_free(&job->reached);
	job->rows_done = 0;
	job->failures = 0;
	free(job->phase);
	job->phase = evc_copy_text("verify");
	if (newest != NULL &&
		evc_job_do(job, "begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
	{
		verified = verify_in_snapshot(job, newest);
		PQclear(PQexec(job->control, "ROLLBACK"));
	}
	free(newest);
	if (verified && is_swapped)
		evc_job_say(job, "note", "the plaintext of before the swap is still in %s",
					job->table.plain);
	return verified;
}
