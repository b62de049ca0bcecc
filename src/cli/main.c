/*
 * cli/main.c
 *	  evcrypt: reads the command line, and runs one command.
 */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static const struct Command
{
	const char *name;
	EvcExit (*run)(const EvcCli *cli);
} commands[] = {
	{"doctor", evc_doctor},
	{"probe", evc_probe},
	{"migrate", evc_migrate},
	{"rotate", evc_rotate},
};

static const char usage[] =
	"usage: evcrypt COMMAND [OPTION]... [DBNAME|CONNECTION STRING]\n"
	"\n"
	"  doctor   looks for what is wrong, or about to go wrong, with a server that has\n"
	"           evcrypt; best as a superuser, on the server's machine\n"
	"  probe    encrypts and decrypts values of its own and takes the time\n"
	"  migrate  encrypts a plaintext column while its table is in use\n"
	"  rotate   puts an encrypted column under the newest key while its table is in use\n"
	"  attest verify FILE\n"
	"           shows what evidence of E3 says, and whether it is good; without a "
	"server\n"
	"\n"
	"  -h, --host, -p, --port, -U, --username, -d, --dbname\n"
	"                   as psql's, and so are the variables PG...; a password is\n"
	"                   never asked for\n"
	"  --json           JSON instead of text: one object, of migrate and rotate one a\n"
	"                   line\n"
	"\n"
	"probe:\n"
	"  --values N       so many values, 1 to 100000 (100)\n"
	"  --max-ms N       longer is a warning (0: never)\n"
	"  --timeout-ms N   longer is a failure (10000)\n"
	"\n"
	"migrate and rotate; without one of the last four they work, or go on working:\n"
	"  --table NAME     as in SQL, with or without its schema\n"
	"  --column NAME    exactly as it is called\n"
	"  --to NAME        migrate: the encrypted column (COLUMN_encrypted)\n"
	"  --type TYPE      migrate: the plaintext is cast to this before\n"
	"  --context EXPR   what the values are bound to: SQL, of the row's columns\n"
	"  --credential-file FILE\n"
	"                   holds the token that E3's policy demands\n"
	"  --batch-rows N   rows a transaction, 1 to 100000 (4096)\n"
	"  --workers N      transactions at a time, 1 to 64 (1)\n"
	"  --lock-timeout-ms N\n"
	"                   a transaction that waits longer for a lock is given up and\n"
	"                   tried again (1000)\n"
	"  --skip-triggers  the table's triggers do not see the work; needs the right to "
	"set\n"
	"                   session_replication_role\n"
	"  --dry-run        says what would be done\n"
	"  --verify         proves by E3 that all is encrypted, under the newest key\n"
	"  --finish swap    migrate: the encrypted column takes the name of the plaintext\n"
	"  --finish drop    migrate: and the plaintext column is dropped\n"
	"  --abandon        ends the job; what is encrypted stays\n"
	"\n"
	"attest verify:\n"
	"  --pcr N=HEX      a measurement that must be there, several times; none is never "
	"good\n"
	"  --at TIME        when it was given: 2022-11-09T22:52:00Z, or seconds since 1970 "
	"(now)\n"
	"  --root FILE      certificate that it must go back to, PEM (that of AWS Nitro)\n"
	"  --nonce HEX, --user-data HEX\n"
	"                   what it must hold; not checked if not given\n"
	"  --debug-allowed  measurements of an enclave in debug mode will do\n"
	"It ends with 0 if the evidence is good, 1 if it is refused, 2 for failures.\n"
	"\n"
	"All others end with 0 if all is well, 1 for warnings, 2 for failures, 3 if a "
	"signal\n"
	"ended a job that can be gone on with.\n";

static int
fail_usage(const char *cause, const char *word)
{
	fprintf(stderr, "evcrypt: %s%s\nTry \"evcrypt --help\".\n", cause, word);
	return EVC_EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	EvcCli cli;
	const char *command;
	char trouble[256];

	if (argc > 1 && strcmp(argv[1], "attest") == 0)
		return evc_attest(argc - 1, argv + 1);
	switch (evc_read_options(&cli, &command, trouble, sizeof(trouble), argc, argv))
	{
		case EVC_OPTIONS_HELP:
			return printf("%s", usage) < 0 ? EVC_EXIT_FAILURE : EVC_EXIT_OK;
		case EVC_OPTIONS_WRONG:
			return fail_usage(trouble, "");
		case EVC_OPTIONS_RUN:
			break;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(command, commands[i].name) == 0)
			return commands[i].run(&cli);
	return fail_usage("unknown command ", command);
}
