/*
 * cli/cli.h
 *	  evcrypt, the command line: what its commands are given, and what they end with.
 */
#ifndef EVC_CLI_H
#define EVC_CLI_H

#include <stdbool.h>

/* Exit statuses, as monitoring systems read them. */
typedef enum EvcExit
{
	EVC_EXIT_OK,
	EVC_EXIT_WARNING,
	EVC_EXIT_FAILURE,	 /* also of a command that could not do its work */
	EVC_EXIT_INTERRUPTED /* a signal ended a job, which can be gone on with */
} EvcExit;

/* What is done about a job; one at a time. */
typedef enum EvcAction
{
	EVC_ACTION_RUN,
	EVC_ACTION_DRY_RUN,
	EVC_ACTION_VERIFY,
	EVC_ACTION_SWAP,
	EVC_ACTION_DROP,
	EVC_ACTION_ABANDON
} EvcAction;

#define EVC_WORKERS_MAX 64

/* Of migrate and rotate; texts are NULL where not given. */
typedef struct EvcJobOptions
{
	EvcAction action;
	const char *table;
	const char *column;
	const char *to;
	const char *type;
	const char *context;
	const char *credential_file;
	int batch_rows;
	int workers;
	int lock_timeout_ms;
	bool skip_triggers;
} EvcJobOptions;

typedef struct EvcCli
{
	/* As psql's; NULL where not given.  "dbname" may be a connection string. */
	const char *host;
	const char *port;
	const char *user;
	const char *dbname;
	bool json;
	/* Of probe. */
	int values;
	int max_ms; /* 0: any time will do */
	int timeout_ms;
	EvcJobOptions job;
} EvcCli;

/* Has options of its own, and talks to no server. */
extern EvcExit evc_attest(int argc, char **argv);

extern EvcExit evc_doctor(const EvcCli *cli);
extern EvcExit evc_probe(const EvcCli *cli);
extern EvcExit evc_migrate(const EvcCli *cli);
extern EvcExit evc_rotate(const EvcCli *cli);

#endif /* EVC_CLI_H */
