/*
 * cli/main.c
 *	  evcrypt: reads the command line, and runs one command.
 */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_DEFAULT 100
#define VALUES_MAX 100000
#define TIMEOUT_DEFAULT 10000
#define MILLISECONDS_MAX 86400000

enum
{
	OPTION_JSON = 256,
	OPTION_VALUES,
	OPTION_MAX_MS,
	OPTION_TIMEOUT,
	OPTION_HELP
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
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static const struct Command
{
	const char *name;
	EvcExit (*run)(const EvcCli *cli);
} commands[] = {
	{"doctor", evc_doctor},
	{"probe", evc_probe},
};

static const char usage[] =
	"usage: evcrypt COMMAND [OPTION]... [DBNAME|CONNECTION STRING]\n"
	"\n"
	"  doctor   looks for what is wrong, or about to go wrong, with a server that has\n"
	"           evcrypt; best as a superuser, on the server's machine\n"
	"  probe    encrypts and decrypts values of its own and takes the time\n"
	"\n"
	"  -h, --host, -p, --port, -U, --username, -d, --dbname\n"
	"                   as psql's, and so are the variables PG...; a password is\n"
	"                   never asked for\n"
	"  --json           one JSON object instead of text\n"
	"  --values N       probe: so many values, 1 to 100000 (100)\n"
	"  --max-ms N       probe: longer is a warning (0: never)\n"
	"  --timeout-ms N   probe: longer is a failure (10000)\n"
	"\n"
	"It ends with 0 if all is well, 1 for warnings, 2 for failures.\n";

static int
fail_usage(const char *cause, const char *word)
{
	fprintf(stderr, "evcrypt: %s%s\nTry \"evcrypt --help\".\n", cause, word);
	return EVC_EXIT_FAILURE;
}

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

/* False if its value is none. */
static bool
take_option(EvcCli *cli, int option)
{
	switch (option)
	{
		case 'h':
			cli->host = optarg;
			return true;
		case 'p':
			cli->port = optarg;
			return true;
		case 'U':
			cli->user = optarg;
			return true;
		case 'd':
			cli->dbname = optarg;
			return true;
		case OPTION_JSON:
			cli->json = true;
			return true;
		case OPTION_VALUES:
			return read_number(optarg, 1, VALUES_MAX, &cli->values);
		case OPTION_MAX_MS:
			return read_number(optarg, 0, MILLISECONDS_MAX, &cli->max_ms);
		case OPTION_TIMEOUT:
			return read_number(optarg, 1, MILLISECONDS_MAX, &cli->timeout_ms);
		default:
			return false;
	}
}

static int
run(const EvcCli *cli, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(cli);
	return fail_usage("unknown command ", name);
}

int
main(int argc, char **argv)
{
	EvcCli cli = {.values = VALUES_DEFAULT, .timeout_ms = TIMEOUT_DEFAULT};
	int option;
	int words;

	while ((option = getopt_long(argc, argv, "h:p:U:d:", options, NULL)) != -1)
	{
		if (option == OPTION_HELP)
			return printf("%s", usage) < 0 ? EVC_EXIT_FAILURE : EVC_EXIT_OK;
		if (option == '?')
			return fail_usage("", "the options are not understood");
		if (!take_option(&cli, option))
			return fail_usage("not a number within its limits: ", optarg);
	}
	words = argc - optind;
	if (words < 1)
		return fail_usage("no command", "");
	if (words > 2 || (words == 2 && cli.dbname != NULL))
		return fail_usage("too many words: ", argv[argc - 1]);
	if (words == 2)
		cli.dbname = argv[optind + 1];
	return run(&cli, argv[optind]);
}
