/*
 * cli/job.h
 *	  A job of evcrypt migrate or evcrypt rotate: what is known of it, what it
 *	  says, and its statements.
 *
 * A step that fails returns false and has said why in job->trouble, which is printed
 * once, at the end.  Nothing of a row's values gets there.
 */
#ifndef EVC_CLI_JOB_H
#define EVC_CLI_JOB_H

#include <stdbool.h>

#include "cli/key.h"
#include "cli/pace.h"
#include "cli/server.h"

/* First half of the advisory lock of a job; the other is a hash of what it works on.
 * The view evcrypt_progress has both too. */
#define EVC_LOCK_CLASS "1702257001"

/* Rows that cannot be worked on are listed, up to so many; then it is given up. */
#define EVC_FAILURES_MAX 100

typedef struct EvcTrouble
{
	char sqlstate[6]; /* empty: not the server's */
	char message[1024];
	char hint[512];
	bool is_set;
} EvcTrouble;

/* What the catalogs say of the table and its columns.  Names are quoted. */
typedef struct EvcTable
{
	char *oid;
	char *name; /* with its schema */
	char *schema;
	char *relation; /* without it */
	char *source;	/* the column to be encrypted; of rotate, the encrypted one */
	char *source_type;
	bool source_is_encrypted;
	bool source_not_null;
	char *target; /* the encrypted column */
	char *plain;  /* what the plaintext column is called when they are swapped */
	bool target_exists;
	char *objects; /* not quoted: what the next four are made of */
	char *trigger; /* of a migration: its triggers, their function, its constraint */
	char *insert_trigger;
	char *function;
	char *constraint;
	EvcKey key;
} EvcTable;

typedef struct EvcJob
{
	const EvcCli *cli;
	const char *operation; /* "migrate", "rotate" */
	PGconn *control;
	char *schema; /* of the extension, quoted */
	EvcTable table;
	/* As the options say, else as the job began, else as the label says; or NULL. */
	char *to;
	char *type;
	char *context;
	char *kept_to; /* as the job began */
	char *kept_type;
	char *kept_context;
	char *app; /* as the label says, and the session must have; NULL: any */
	char *role;
	/* SQL that the server has written: the plaintext, and a context's expression with
	 * ", " before it, or "". */
	char *value;
	char *context_argument;
	char *context_columns; /* those it reads, as an array */
	/* The row in evcrypt_job. */
	char id[16];  /* empty: there is none */
	char *column; /* as the column was called when it began */
	char *phase;
	EvcBound reached;
	long long rows_done;
	long long rows_changed;
	long long rows_total;
	int failures;
	/* What a verification has looked at: its snapshot's xmin, and the partitions. */
	char *verified_xmin;
	char *verified_tables;
	EvcPace pace;
	double printed_ms;
	EvcTrouble trouble;
} EvcJob;

/* In job_report.c. */

/* Notes trouble, unless there is some; "hint" may be NULL.  Returns false. */
extern bool evc_job_fail(EvcJob *job, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As above, of what the server said; "what" could not be done. */
extern bool evc_job_fail_server(EvcJob *job, const PGresult *result, const char *what);
/* A line for the operator, or an object with these words. */
extern void evc_job_say(const EvcJob *job, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
extern void evc_job_progress(EvcJob *job, long long rows, bool at_end);
extern void evc_job_report_trouble(const EvcJob *job);
/* A row that could not be worked on: its key, and what the server said. */
extern void evc_job_row_failed(EvcJob *job, const EvcBound *row, const PGresult *result);

/* In job_server.c: statements on the control connection.  Those that fail are
 * trouble, under the name of what could not be done. */
extern PGresult *evc_job_ask(EvcJob *job, const char *what, const char *query, int n,
							 const char *const *values);
extern bool evc_job_do(EvcJob *job, const char *what, const char *statement);
/* As above; frees the text. */
extern bool evc_job_do_text(EvcJob *job, const char *what, EvcText *sql);
/* The one value of a query, to be freed; NULL is trouble, or a value that is NULL. */
extern char *evc_job_value(EvcJob *job, const char *what, const char *query, int n,
						   const char *const *values);
/* A connection with the settings that a job's statements need; NULL is trouble. */
extern PGconn *evc_job_connect(EvcJob *job);
/* Runs "body" in a transaction, again if locks were not to be had in time. */
extern bool evc_job_transaction(EvcJob *job, const char *what,
								bool (*body)(EvcJob *job, void *argument),
								void *argument);

#endif /* EVC_CLI_JOB_H */
