/*
 * cli/job_report.c
 *	  What a job says: lines or JSON objects on the standard output, its progress as a
 *	  bar on a terminal, and its trouble.
 */
#include "cli/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/text.h"

#define BAR_MS 200.0
#define JSON_MS 1000.0
#define LINE_MS 10000.0

bool
evc_job_fail(EvcJob *job, const char *hint, const char *format, ...)
{
	EvcTrouble *trouble = &job->trouble;
	va_list arguments;

	if (trouble->is_set)
		return false;
	trouble->is_set = true;
	va_start(arguments, format);
	vsnprintf(trouble->message, sizeof(trouble->message), format, arguments);
	va_end(arguments);
	snprintf(trouble->hint, sizeof(trouble->hint), "%s", hint != NULL ? hint : "");
	evc_make_plain(trouble->message);
	evc_make_plain(trouble->hint);
	return false;
}

/* PostgreSQL's own words for a value that is not as it should be have the value. */
static bool
may_show_value(const char *sqlstate)
{
	static const char *const ours[] = {"22004", "22021", "22P05"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(sqlstate, ours[i]) == 0)
			return false;
	return strncmp(sqlstate, "22", 2) == 0;
}

/* In one line, without its detail, which may have the row. */
static const char *
message_of(const PGresult *result, const char *sqlstate)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (may_show_value(sqlstate))
		return "a value is not valid for its type";
	return message != NULL ? message : "the connection to the server was lost";
}

static const char *
sqlstate_of(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return sqlstate != NULL ? sqlstate : "08006";
}

bool
evc_job_fail_server(EvcJob *job, const PGresult *result, const char *what)
{
	const char *sqlstate = sqlstate_of(result);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);

	if (job->trouble.is_set)
		return false;
	snprintf(job->trouble.sqlstate, sizeof(job->trouble.sqlstate), "%s", sqlstate);
	return evc_job_fail(job, hint, "could not %s: %s", what,
						message_of(result, sqlstate));
}

void
evc_job_say(const EvcJob *job, const char *event, const char *format, ...)
{
	char message[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (job->cli->json)
	{
		printf("{\"event\": \"%s\", \"message\": ", event);
		evc_print_json(message);
		printf("}\n");
	}
	else
	{
		evc_print_plain(message);
		putchar('\n');
	}
	fflush(stdout);
}

static void
print_json_progress(const EvcJob *job, long long rows)
{
	double eta = evc_pace_eta(&job->pace, job->rows_total);

	printf("{\"event\": \"progress\", \"phase\": \"%s\", \"rows_done\": %lld, "
		   "\"rows_total\": %lld, \"percent\": %.1f, \"rows_per_second\": %.0f, "
		   "\"eta_seconds\": ",
		   job->phase, rows, job->rows_total, evc_pace_percent(rows, job->rows_total),
		   job->pace.rows_per_second);
	if (eta < 0)
		printf("null}\n");
	else
		printf("%.0f}\n", eta);
	fflush(stdout);
}

void
evc_job_progress(EvcJob *job, long long rows, bool at_end)
{
	bool on_terminal = isatty(STDERR_FILENO) == 1;
	double every = job->cli->json ? JSON_MS : on_terminal ? BAR_MS : LINE_MS;
	double now = evc_now_ms();
	char bar[EVC_PACE_TEXT_SIZE];

	if (now - job->printed_ms < every && !at_end)
		return;
	job->printed_ms = now;
	evc_pace_add(&job->pace, now, rows);
	if (job->cli->json)
		print_json_progress(job, rows);
	else if (on_terminal || !at_end)
	{
		evc_pace_bar(bar, &job->pace, rows, job->rows_total);
		fprintf(stderr, on_terminal ? "\r%s\033[K%s" : "%s\n%s", bar,
				on_terminal && at_end ? "\n" : "");
	}
}

void
evc_job_report_trouble(const EvcJob *job)
{
	const EvcTrouble *trouble = &job->trouble;
	const char *sqlstate = *trouble->sqlstate != '\0' ? trouble->sqlstate : NULL;
	const char *hint = *trouble->hint != '\0' ? trouble->hint : NULL;

	if (!trouble->is_set)
		return;
	if (job->cli->json)
	{
		printf("{\"event\": \"error\", \"sqlstate\": ");
		evc_print_json(sqlstate);
		printf(", \"message\": ");
		evc_print_json(trouble->message);
		printf(", \"hint\": ");
		evc_print_json(hint);
		printf("}\n");
		return;
	}
	fprintf(stderr, "evcrypt: %s%s%s%s\n", trouble->message, sqlstate != NULL ? " (" : "",
			sqlstate != NULL ? sqlstate : "", sqlstate != NULL ? ")" : "");
	if (hint != NULL)
		fprintf(stderr, "HINT: %s\n", hint);
}

void
evc_job_row_failed(EvcJob *job, const EvcBound *row, const PGresult *result)
{
	const char *sqlstate = sqlstate_of(result);
	char *key = evc_text_array(row->n, row->values);

	job->failures++;
	evc_job_say(job, "row_failed", "row %s: %s (%s)", key, message_of(result, sqlstate),
				sqlstate);
	free(key);
}
