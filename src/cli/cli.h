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
	EVC_EXIT_FAILURE /* also of a command that could not do its work */
} EvcExit;

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
} EvcCli;

extern EvcExit evc_doctor(const EvcCli *cli);
extern EvcExit evc_probe(const EvcCli *cli);

#endif /* EVC_CLI_H */
