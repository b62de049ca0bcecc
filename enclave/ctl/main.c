/*
 * ctl/main.c
 *	  e3ctl: the command line.
 */
#include "ctl/ctl.h"

#include "base/secret.h"
#include "base/version.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of a command: as many arguments as there may be. */
#define ARGS_ANY (-1)

#define WORDS_MAX (2 + E3_CTL_ARGS_MAX)

enum
{
	OPTION_CONFIG = 1,
	OPTION_OWNER = 2,
	OPTION_P256 = 4,
	OPTION_SECP256K1 = 8,
	OPTION_PASSPHRASE = 16,
	OPTION_JSON = 32,
	OPTION_SERVER = 64,
	OPTION_CLIENT = 128,
	OPTION_DAYS = 256,
	OPTION_FROM = 512,
	OPTION_FORCE = 1024,
	OPTION_BYTES = 2048,
	OPTION_CUSTODY = 4096,
	OPTION_BENCH = 8192 /* the first of bench's own, which are one bit each */
};

/* Places of bench's options. */
enum
{
#define BENCH_PLACE(field, name) BENCH_##field,
	E3_BENCH_OPTIONS(BENCH_PLACE)
#undef BENCH_PLACE
		BENCH_COUNT
};

#define OPTIONS_BENCH (OPTION_JSON | ((1u << BENCH_COUNT) - 1) * OPTION_BENCH)

typedef struct Option
{
	const char *name;
	unsigned bit;
	size_t at;	  /* where in E3Ctl */
	bool is_flag; /* has no value */
} Option;

static const Option options[] =
	{{"--config", OPTION_CONFIG, offsetof(E3Ctl, config_path), false},
	 {"--owner", OPTION_OWNER, offsetof(E3Ctl, owner), false},
	 {"--private-key", OPTION_P256, offsetof(E3Ctl, p256_file), false},
	 {"--secp256k1-private-key", OPTION_SECP256K1, offsetof(E3Ctl, secp256k1_file),
	  false},
	 {"--passphrase-file", OPTION_PASSPHRASE, offsetof(E3Ctl, passphrase_file), false},
	 {"--custody", OPTION_CUSTODY, offsetof(E3Ctl, custody), false},
	 {"--server", OPTION_SERVER, offsetof(E3Ctl, certs_server), false},
	 {"--client", OPTION_CLIENT, offsetof(E3Ctl, certs_client), false},
	 {"--days", OPTION_DAYS, offsetof(E3Ctl, certs_days), false},
	 {"--from", OPTION_FROM, offsetof(E3Ctl, from), false},
	 {"--force", OPTION_FORCE, offsetof(E3Ctl, force), true},
	 {"--bytes", OPTION_BYTES, offsetof(E3Ctl, bytes), false},
	 {"--json", OPTION_JSON, offsetof(E3Ctl, bench.json), true},
#define BENCH_OPTION(field, name)                                                        \
	{name, (unsigned) OPTION_BENCH << BENCH_##field, offsetof(E3Ctl, bench.field), false},
	 E3_BENCH_OPTIONS(BENCH_OPTION)
#undef BENCH_OPTION
};

/* What a command finds ready when it runs. */
typedef enum Needs
{
	NEEDS_NOTHING,
	NEEDS_CONFIG,
	NEEDS_ARENA /* and the configuration */
} Needs;

typedef struct Command
{
	const char *group; /* NULL: a command of one word */
	const char *name;
	int n_args;
	unsigned options; /* beside --config */
	Needs needs;
	int (*run)(E3Ctl *ctl);
	const char *usage;
	const char *help;
} Command;

static const Command commands[] = {
	{NULL, "init", 0, OPTION_OWNER, NEEDS_NOTHING, e3_ctl_init, "init [--owner USER]",
	 "make configuration, passphrase and empty keyring, where they are missing"},
	{"app", "add", 1, 0, NEEDS_ARENA, e3_ctl_app_add, "app add NAME",
	 "add an app with fresh keys"},
	{"app", "import", 1, OPTION_P256 | OPTION_SECP256K1, NEEDS_ARENA, e3_ctl_app_import,
	 "app import NAME [--private-key FILE] [--secp256k1-private-key FILE]",
	 "add an app with these keys (PEM or 64 hex digits); others are generated"},
	{"app", "list", 0, 0, NEEDS_ARENA, e3_ctl_app_list, "app list",
	 "a line for each key version, newest first: app, version, time, key ids"},
	{"app", "export", 1, 0, NEEDS_ARENA, e3_ctl_app_export, "app export NAME",
	 "public keys, as JSON"},
	{"app", "rotate", 1, 0, NEEDS_ARENA, e3_ctl_app_rotate, "app rotate NAME",
	 "give an app a new key version, which is encrypted with from now on"},
	{"app", "retire", 2, OPTION_FORCE, NEEDS_ARENA, e3_ctl_app_retire,
	 "app retire NAME VERSION [--force]",
	 "destroy an old key version; without --force, say what would be lost"},
	{"index", "add", 1, OPTION_BYTES, NEEDS_ARENA, e3_ctl_index_add,
	 "index add NAME [--bytes N]",
	 "give an app a key for blind indexes, which are N bytes long (8 to 32; 16)"},
	{"index", "rotate", 1, OPTION_BYTES, NEEDS_ARENA, e3_ctl_index_rotate,
	 "index rotate NAME [--bytes N]",
	 "give an app a new version of it; N is that of the one before unless told"},
	{"index", "retire", 2, OPTION_FORCE, NEEDS_ARENA, e3_ctl_index_retire,
	 "index retire NAME VERSION [--force]",
	 "destroy an old version of it; without --force, say what would be lost"},
	{"index", "list", 0, 0, NEEDS_ARENA, e3_ctl_index_list, "index list",
	 "a line for each version, newest first: app, version, time, bytes"},
	{NULL, "health", 0, 0, NEEDS_CONFIG, e3_ctl_health, "health",
	 "ask E3 how it is; exits with 1 if it does not answer"},
	{NULL, "stats", 0, 0, NEEDS_CONFIG, e3_ctl_stats, "stats", "E3's counters"},
	{NULL, "reload", 0, 0, NEEDS_CONFIG, e3_ctl_reload, "reload",
	 "make E3 read its keyring again"},
	{NULL, "bench", 0, OPTIONS_BENCH, NEEDS_NOTHING, e3_ctl_bench,
	 "bench [--socket PATH | --endpoint tls://HOST:PORT --cert FILE --key FILE --ca "
	 "FILE]\n"
	 "        [--verb encrypt|decrypt|echo|health] [--mix "
	 "SHARE:VALUES,...]\n"
	 "        [--value-bytes N] [--per-key N] [--app NAME] [--curve p256|secp256k1]\n"
	 "        [--connections N] [--in-flight N] [--rate N[-M]] [--duration SECONDS]\n"
	 "        [--seed N] [--json]",
	 "put load on E3: N requests a second (from N to M) by the clock, or with no --rate "
	 "as\n"
	 "      many as E3 answers; one connection, one value of 32 bytes, 10 s unless told"},
	{"policy", "check", ARGS_ANY, 0, NEEDS_CONFIG, e3_ctl_policy_check,
	 "policy check [FILE]",
	 "would E3 take up this policy, or the one that it is to have?"},
	{"audit", "init", 0, 0, NEEDS_ARENA, e3_ctl_audit_init, "audit init",
	 "give a keyring that is older than the audit a key for it"},
	{"audit", "verify", ARGS_ANY, OPTION_FROM, NEEDS_ARENA, e3_ctl_audit_verify,
	 "audit verify [--from N] [EARLIER-FILE]...",
	 "is the audit log whole, and the files that it goes on from, from record 1 or N "
	 "on?"},
	{NULL, "certs", 1, OPTION_SERVER | OPTION_CLIENT | OPTION_DAYS, NEEDS_NOTHING,
	 e3_ctl_certs, "certs DIR [--server NAME,...] [--client NAME,...] [--days N]",
	 "make a private certificate authority, certificates of a server (for these host\n"
	 "      names and addresses) and of clients (one each), where they are missing"},
	{"attest", "ca", 1, OPTION_DAYS, NEEDS_NOTHING, e3_ctl_attest_ca,
	 "attest ca DIR [--days N]",
	 "make an authority for evidence = software, and what E3 has of it, where they are\n"
	 "      missing"},
	{NULL, "attest", 1, 0, NEEDS_CONFIG, e3_ctl_attest, "attest FILE",
	 "ask E3 for evidence of what it is, and put the document into FILE"},
	{"keyring", "backup", 1, OPTION_PASSPHRASE, NEEDS_ARENA, e3_ctl_backup,
	 "keyring backup FILE [--passphrase-file FILE]",
	 "copy the keyring, under another passphrase if one is given"},
	{"keyring", "restore", 1, OPTION_PASSPHRASE, NEEDS_ARENA, e3_ctl_restore,
	 "keyring restore FILE [--passphrase-file FILE]",
	 "put a backup in the place of the keyring"},
	{"keyring", "reseal", 0, OPTION_CUSTODY, NEEDS_ARENA, e3_ctl_reseal,
	 "keyring reseal [--custody passphrase|tpm|pkcs11|kms]",
	 "seal the keyring anew, for this custody or the configured one; keep the file of "
	 "before"},
	{"keyring", "accept", 0, 0, NEEDS_ARENA, e3_ctl_accept, "keyring accept",
	 "note down that the keyring as it is now is the newest (generation_file)"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
print_message(const char *format, va_list args)
{
	(void) fputs("e3ctl: ", stderr);
	(void) vfprintf(stderr, format, args);
	(void) fputc('\n', stderr);
}

int
e3_ctl_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args);
	va_end(args);
	return EXIT_FAILURE;
}

void
e3_ctl_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args);
	va_end(args);
}

int
e3_ctl_fail_file(const char *path, const E3Kek *kek, EvwStatus status)
{
	const char *cause = kek->custody != NULL ? e3_custody_cause(kek->custody) : "";

	if (cause[0] != '\0')
		return e3_ctl_fail("%s: %s: %s", path, evw_status_message(status), cause);
	if (status == EVW_KEYRING_IO)
		return e3_ctl_fail("%s: %s: %s", path, evw_status_message(status),
						   strerror(errno));
	if (status == EVW_OUT_OF_MEMORY)
		return e3_ctl_fail("%s: out of memory, or locked_memory has no room for its keys",
						   path);
	return e3_ctl_fail("%s: %s", path, evw_status_message(status));
}

int
e3_ctl_load_config(E3Ctl *ctl)
{
	E3ConfigError error;

	if (e3_config_load(ctl->config_path, &ctl->config, &error) != EVW_OK)
		return e3_ctl_fail("%s", error.text);
	return EXIT_SUCCESS;
}

int
e3_ctl_make_arena(E3Ctl *ctl)
{
	const E3CustodyConfig *custody = &ctl->config.custody;
	const E3AttestSetup evidence = e3_config_attest(&ctl->config, ctl->config_path);

	if (e3_secret_init(ctl->config.locked_memory) != EVW_OK)
		return e3_ctl_fail("cannot lock %u bytes of memory for keys; see ulimit -l",
						   ctl->config.locked_memory);
	ctl->kek = (E3Kek){.passphrase_file = ctl->config.passphrase_file,
					   .custody = e3_custody_new(custody, custody->kind, &evidence)};
	if (ctl->kek.custody == NULL)
		return e3_ctl_fail("%s", evw_status_message(EVW_OUT_OF_MEMORY));
	return EXIT_SUCCESS;
}

static void
print_help(void)
{
	printf("e3ctl administers E3, the encryption engine of evcrypt.\n\n"
		   "Usage: e3ctl [--config FILE] COMMAND\n\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		printf("  %s\n      %s\n", commands[i].usage, commands[i].help);
	printf("\nThe configuration is FILE, else $E3_CONFIG, else %s.\n"
		   "Exit status: 0, 1 if the command failed, 2 if it was not understood.\n",
		   E3_CONFIG_PATH);
}

static int
fail_usage(const char *cause, const char *word)
{
	(void) e3_ctl_fail("%s%s; see e3ctl --help", cause, word);
	return E3_CTL_EXIT_USAGE;
}

static const Option *
find_option(const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < COUNT(options); i++)
		if (strlen(options[i].name) == len && strncmp(options[i].name, word, len) == 0)
			return &options[i];
	return NULL;
}

/* What the command line says, before anybody knows what it means. */
typedef struct Line
{
	const char *words[WORDS_MAX];
	int n_words;
	unsigned options; /* given */
} Line;

/* Takes one option, which may use the next word too; 0 or E3_CTL_EXIT_USAGE. */
static int
take_option(E3Ctl *ctl, Line *line, char ***next)
{
	const char *word = **next;
	const Option *option = find_option(word);
	const char *value = strchr(word, '=');

	if (option == NULL)
		return fail_usage("unknown option ", word);
	if (option->is_flag && value != NULL)
		return fail_usage("takes no value: ", option->name);
	if (option->is_flag)
		value = option->name;
	else if (value != NULL)
		value++;
	else
		value = *++*next;
	if (value == NULL || *value == '\0')
		return fail_usage("no value for ", option->name);
	if (line->options & option->bit)
		return fail_usage("given twice: ", option->name);
	line->options |= option->bit;
	*(const char **) ((char *) ctl + option->at) = value;
	return EXIT_SUCCESS;
}

static int
take_words(E3Ctl *ctl, Line *line, char **next)
{
	for (; *next != NULL; next++)
	{
		if (strncmp(*next, "--", 2) == 0)
		{
			if (take_option(ctl, line, &next) != EXIT_SUCCESS)
				return E3_CTL_EXIT_USAGE;
			continue;
		}
		if (line->n_words == WORDS_MAX)
			return fail_usage("too many words: ", *next);
		line->words[line->n_words++] = *next;
	}
	return EXIT_SUCCESS;
}

static const Command *
find_command(const Line *line)
{
	for (size_t i = 0; i < COUNT(commands); i++)
	{
		const Command *command = &commands[i];

		if (command->group == NULL && line->n_words > 0 &&
			strcmp(line->words[0], command->name) == 0)
			return command;
		if (command->group != NULL && line->n_words > 1 &&
			strcmp(line->words[0], command->group) == 0 &&
			strcmp(line->words[1], command->name) == 0)
			return command;
	}
	return NULL;
}

static int
run_line(E3Ctl *ctl, const Line *line)
{
	const Command *command = find_command(line);
	int n_before;
	int n_args;
	int status;

	if (command == NULL)
		return fail_usage("unknown command", "");
	n_before = command->group == NULL ? 1 : 2;
	n_args = line->n_words - n_before;
	if ((command->n_args != ARGS_ANY && n_args != command->n_args) ||
		n_args > E3_CTL_ARGS_MAX ||
		(line->options & ~(command->options | OPTION_CONFIG)) != 0)
		return fail_usage("usage: e3ctl ", command->usage);
	for (int i = 0; i < n_args; i++)
		ctl->args[i] = line->words[n_before + i];
	status = command->needs >= NEEDS_CONFIG ? e3_ctl_load_config(ctl) : EXIT_SUCCESS;
	if (status == EXIT_SUCCESS && command->needs == NEEDS_ARENA)
		status = e3_ctl_make_arena(ctl);
	if (status == EXIT_SUCCESS)
		status = command->run(ctl);
	e3_custody_free(ctl->kek.custody);
	if (fflush(stdout) != 0 || ferror(stdout))
		return e3_ctl_fail("cannot write to standard output: %s", strerror(errno));
	return status;
}

int
main(int argc, char **argv)
{
	E3Ctl ctl = {0};
	Line line = {0};
	const char *path = getenv("E3_CONFIG");

	(void) argc;
	(void) umask(077);
	(void) signal(SIGPIPE, SIG_IGN);
	ctl.config_path = path != NULL && *path != '\0' ? path : E3_CONFIG_PATH;
	if (argv[1] != NULL && strcmp(argv[1], "--help") == 0)
	{
		print_help();
		return EXIT_SUCCESS;
	}
	if (argv[1] != NULL && strcmp(argv[1], "--version") == 0)
	{
		printf("e3ctl %s\n", E3_VERSION);
		return EXIT_SUCCESS;
	}
	if (take_words(&ctl, &line, argv + 1) != EXIT_SUCCESS)
		return E3_CTL_EXIT_USAGE;
	return run_line(&ctl, &line);
}
