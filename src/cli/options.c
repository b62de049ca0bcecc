/*
 * cli/options.c
 *	  Reads the command line.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_DEFAULT 100
#define VALUES_MAX 100000
#define TIMEOUT_DEFAULT 10000
#define MILLISECONDS_MAX 86400000
#define BATCH_ROWS_DEFAULT 4096
#define BATCH_ROWS_MAX 100000
#define LOCK_TIMEOUT_DEFAULT 1000

enum
{
	OPTION_JSON = 256,
	OPTION_VALUES,
	OPTION_MAX_MS,
	OPTION_TIMEOUT,
	OPTION_HELP,
	OPTION_TABLE,
	OPTION_COLUMN,
	OPTION_TO,
	OPTION_TYPE,
	OPTION_CONTEXT,
	OPTION_CREDENTIAL_FILE,
	OPTION_BATCH_ROWS,
	OPTION_WORKERS,
	OPTION_LOCK_TIMEOUT,
	OPTION_SKIP_TRIGGERS,
	OPTION_DRY_RUN,
	OPTION_VERIFY,
	OPTION_FINISH,
	OPTION_ABANDON
};

static const struct option options[] = {
	{"host", required_argument, NULL, 'h'},
	{"port", required_argument, NULL, 'p'},
	{"username", required_argument, NULL, 'U'},
	{"dbname", required_argument, NULL, 'd'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"values", required_argument, NULL, OPTION_VALUES},
	{"max-ms", required_argument, NULL, OPTION_MAX_MS},
	{"timeout-ms", required_argument, NULL, OPTION_TIMEOUT},
	{"table", required_argument, NULL, OPTION_TABLE},
	{"column", required_argument, NULL, OPTION_COLUMN},
	{"to", required_argument, NULL, OPTION_TO},
	{"type", required_argument, NULL, OPTION_TYPE},
	{"context", required_argument, NULL, OPTION_CONTEXT},
	{"credential-file", required_argument, NULL, OPTION_CREDENTIAL_FILE},
	{"batch-rows", required_argument, NULL, OPTION_BATCH_ROWS},
	{"workers", required_argument, NULL, OPTION_WORKERS},
	{"lock-timeout-ms", required_argument, NULL, OPTION_LOCK_TIMEOUT},
	{"skip-triggers", no_argument, NULL, OPTION_SKIP_TRIGGERS},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"verify", no_argument, NULL, OPTION_VERIFY},
	{"finish", required_argument, NULL, OPTION_FINISH},
	{"abandon", no_argument, NULL, OPTION_ABANDON},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool
read_number(const char *text, int min, int max, int *number)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
		return false;
	*number = (int) value;
	return true;
}

/* Of a number; false if it is none. */
static bool
take_number(EvcCli *cli, int option)
{
	switch (option)
	{
		case OPTION_VALUES:
			return read_number(optarg, 1, VALUES_MAX, &cli->values);
		case OPTION_MAX_MS:
			return read_number(optarg, 0, MILLISECONDS_MAX, &cli->max_ms);
		case OPTION_TIMEOUT:
			return read_number(optarg, 1, MILLISECONDS_MAX, &cli->timeout_ms);
		case OPTION_BATCH_ROWS:
			return read_number(optarg, 1, BATCH_ROWS_MAX, &cli->job.batch_rows);
		case OPTION_WORKERS:
			return read_number(optarg, 1, EVC_WORKERS_MAX, &cli->job.workers);
		case OPTION_LOCK_TIMEOUT:
			return read_number(optarg, 1, MILLISECONDS_MAX, &cli->job.lock_timeout_ms);
		default:
			return false;
	}
}

/* Where the text that an option gives belongs; NULL: nowhere. */
static const char **
place_of_text(EvcCli *cli, int option)
{
	switch (option)
	{
		case 'h':
			return &cli->host;
		case 'p':
			return &cli->port;
		case 'U':
			return &cli->user;
		case 'd':
			return &cli->dbname;
		case OPTION_TABLE:
			return &cli->job.table;
		case OPTION_COLUMN:
			return &cli->job.column;
		case OPTION_TO:
			return &cli->job.to;
		case OPTION_TYPE:
			return &cli->job.type;
		case OPTION_CONTEXT:
			return &cli->job.context;
		case OPTION_CREDENTIAL_FILE:
			return &cli->job.credential_file;
		default:
			return NULL;
	}
}

static EvcAction
action_of(int option)
{
	switch (option)
	{
		case OPTION_DRY_RUN:
			return EVC_ACTION_DRY_RUN;
		case OPTION_VERIFY:
			return EVC_ACTION_VERIFY;
		case OPTION_ABANDON:
			return EVC_ACTION_ABANDON;
		case OPTION_FINISH:
			return strcmp(optarg, "swap") == 0	 ? EVC_ACTION_SWAP
				   : strcmp(optarg, "drop") == 0 ? EVC_ACTION_DROP
												 : EVC_ACTION_RUN;
		default:
			return EVC_ACTION_RUN;
	}
}

static bool
fail(char *trouble, size_t size, const char *cause, const char *word)
{
	snprintf(trouble, size, "%s%s", cause, word);
	return false;
}

static bool
take_option(EvcCli *cli, int option, char *trouble, size_t size)
{
	const char **place = place_of_text(cli, option);
	EvcAction action = action_of(option);

	if (place != NULL)
		*place = optarg;
	else if (option == OPTION_JSON)
		cli->json = true;
	else if (option == OPTION_SKIP_TRIGGERS)
		cli->job.skip_triggers = true;
	else if (option == OPTION_FINISH && action == EVC_ACTION_RUN)
		return fail(trouble, size, "neither swap nor drop: ", optarg);
	else if (action != EVC_ACTION_RUN && cli->job.action != EVC_ACTION_RUN)
		return fail(trouble, size,
					"only one of --dry-run, --verify, --finish and --abandon", "");
	else if (action != EVC_ACTION_RUN)
		cli->job.action = action;
	else if (!take_number(cli, option))
		return fail(trouble, size, "not a number within its limits: ", optarg);
	return true;
}

static bool
check_job(const EvcCli *cli, const char *command, char *trouble, size_t size)
{
	const EvcJobOptions *job = &cli->job;
	bool rotates = strcmp(command, "rotate") == 0;

	if (!rotates && strcmp(command, "migrate") != 0)
		return true;
	if (job->table == NULL || job->column == NULL)
		return fail(trouble, size, "--table and --column say what is to be worked on",
					"");
	if (rotates && (job->to != NULL || job->type != NULL ||
					job->action == EVC_ACTION_SWAP || job->action == EVC_ACTION_DROP))
		return fail(trouble, size, "--to, --type and --finish are for migrate", "");
	return true;
}

static bool
take_words(EvcCli *cli, const char **command, char *trouble, size_t size, int argc,
		   char **argv)
{
	int words = argc - optind;

	if (words < 1)
		return fail(trouble, size, "no command", "");
	if (words > 2 || (words == 2 && cli->dbname != NULL))
		return fail(trouble, size, "too many words: ", argv[argc - 1]);
	if (words == 2)
		cli->dbname = argv[optind + 1];
	*command = argv[optind];
	return check_job(cli, *command, trouble, size);
}

EvcOptionsResult
evc_read_options(EvcCli *cli, const char **command, char *trouble, size_t trouble_size,
				 int argc, char **argv)
{
	int option;

	*cli = (EvcCli){.values = VALUES_DEFAULT,
					.timeout_ms = TIMEOUT_DEFAULT,
					.job = {.batch_rows = BATCH_ROWS_DEFAULT,
							.workers = 1,
							.lock_timeout_ms = LOCK_TIMEOUT_DEFAULT}};
	optind = 0;
	while ((option = getopt_long(argc, argv, "h:p:U:d:", options, NULL)) != -1)
	{
		if (option == OPTION_HELP)
			return EVC_OPTIONS_HELP;
		if (option == '?')
		{
			fail(trouble, trouble_size, "the options are not understood", "");
			return EVC_OPTIONS_WRONG;
		}
		if (!take_option(cli, option, trouble, trouble_size))
			return EVC_OPTIONS_WRONG;
	}
	return take_words(cli, command, trouble, trouble_size, argc, argv)
			   ? EVC_OPTIONS_RUN
			   : EVC_OPTIONS_WRONG;
}
