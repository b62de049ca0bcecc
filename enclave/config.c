/*
 * config.c
 *	  Reading of the configuration file.
 *
 * inih takes lines apart; we hand it the lines, so we know the number of the
 * one at hand, and stop at the first error.  One table says what every key is.
 */
#include "config.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/secret.h"
#include "wire/limits.h"

#include <errno.h>
#include <ini.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum ValueKind
{
	VALUE_SOCKET, /* absolute path that fits sun_path */
	VALUE_MODE,	  /* octal permissions */
	VALUE_NUMBER, /* whole number in [min, max] */
	VALUE_MS,	  /* the same, milliseconds */
	VALUE_ARENA,  /* bytes, a power of two in [min, max] */
	VALUE_LEVEL,  /* log level */
	VALUE_AEAD,	  /* a name from the list below, and so is ... */
	VALUE_AGREEMENT,
	VALUE_PATH,		  /* absolute path */
	VALUE_CREDENTIAL, /* name of a file below $CREDENTIALS_DIRECTORY */
	VALUE_USERS		  /* names and uids, comma separated */
} ValueKind;

typedef struct KeyInfo
{
	const char *section;
	const char *name;
	ValueKind kind;
	bool mandatory;
	size_t at; /* where in E3Config */
	uint32_t min;
	uint32_t max;
} KeyInfo;

#define AT(field) offsetof(E3Config, field)

enum
{
	KEY_PASSPHRASE_FILE = 11,
	KEY_CREDENTIAL = 12
};

static const KeyInfo keys[] = {
	{"e3", "socket", VALUE_SOCKET, true, AT(socket), 0, 0},
	{"e3", "socket_mode", VALUE_MODE, false, AT(socket_mode), 0, 0777},
	{"e3", "workers", VALUE_NUMBER, false, AT(workers), E3_WORKERS_MIN, E3_WORKERS_MAX},
	{"e3", "connections", VALUE_NUMBER, false, AT(connections), E3_CONNECTIONS_MIN,
	 E3_CONNECTIONS_MAX},
	{"e3", "drain_ms", VALUE_MS, false, AT(drain_ms), 0, E3_DRAIN_MS_MAX},
	{"e3", "locked_memory", VALUE_ARENA, false, AT(locked_memory), E3_LOCKED_MIN,
	 E3_LOCKED_MAX},
	{"e3", "log_level", VALUE_LEVEL, false, AT(log_level), 0, 0},
	{"limits", "hello_timeout_ms", VALUE_MS, false, AT(hello_timeout_ms),
	 E3_TIMEOUT_MS_MIN, EVW_HELLO_TIMEOUT_MS},
	{"limits", "frame_timeout_ms", VALUE_MS, false, AT(frame_timeout_ms),
	 E3_TIMEOUT_MS_MIN, EVW_FRAME_TIMEOUT_MS},
	{"limits", "idle_timeout_ms", VALUE_MS, false, AT(idle_timeout_ms), E3_TIMEOUT_MS_MIN,
	 EVW_IDLE_TIMEOUT_MS},
	{"keyring", "file", VALUE_PATH, true, AT(keyring), 0, 0},
	[KEY_PASSPHRASE_FILE] = {"keyring", "passphrase_file", VALUE_PATH, false,
							 AT(passphrase_file), 0, 0},
	[KEY_CREDENTIAL] = {"keyring", "credential", VALUE_CREDENTIAL, false,
						AT(passphrase_file), 0, 0},
	{"access", "allow_users", VALUE_USERS, false, AT(uids), 0, 0},
	{"crypto", "aead", VALUE_AEAD, false, AT(aead), 0, 0},
	{"crypto", "agreement", VALUE_AGREEMENT, false, AT(agreement), 0, 0},
};

/* The first is the default. */
static const char *const aeads[] = {"auto", "openssl", "ipsec-mb"};
static const char *const agreements[] = {"auto", "openssl", "library"};

#define N_KEYS ((int) (sizeof(keys) / sizeof(keys[0])))

/* One parse. */
typedef struct Parser
{
	const char *name; /* of the file, for errors */
	const char *at;	  /* next line */
	const char *end;
	unsigned line; /* number of the line at hand, from 1 */
	uint32_t seen; /* bit set of keys */
	bool failed;
	E3Config *config;
	E3ConfigError *error;
} Parser;

/* The first error counts.  Returns false, for "return fail(...)". */
__attribute__((format(printf, 2, 3))) static bool
fail(Parser *parser, const char *format, ...)
{
	char cause[200];
	va_list args;

	if (parser->failed)
		return false;
	va_start(args, format);
	(void) vsnprintf(cause, sizeof(cause), format, args);
	va_end(args);
	(void) snprintf(parser->error->text, sizeof(parser->error->text), "%s:%u: %s",
					parser->name, parser->line, cause);
	parser->failed = true;
	return false;
}

static bool
fail_key(Parser *parser, const KeyInfo *key, const char *cause)
{
	return fail(parser, "[%s] %s: %s", key->section, key->name, cause);
}

/* ---- values ---- */

static bool
read_number(Parser *parser, const KeyInfo *key, const char *text, uint32_t *number)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(text, 10, &wide, &end) || (*end != '\0' && wide <= UINT32_MAX))
		return fail_key(parser, key,
						key->kind == VALUE_MS
							? "must be a whole number of milliseconds, without a unit"
							: "must be a whole number");
	if (wide < key->min || wide > key->max)
		return fail(parser, "[%s] %s: must be between %u and %u", key->section, key->name,
					key->min, key->max);
	*number = (uint32_t) wide;
	return true;
}

static bool
read_mode(Parser *parser, const KeyInfo *key, const char *text, uint32_t *mode)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(text, 8, &wide, &end) || *end != '\0' || wide > key->max)
		return fail_key(parser, key, "must be octal permissions such as 0660");
	*mode = (uint32_t) wide;
	return true;
}

static bool
read_arena(Parser *parser, const KeyInfo *key, const char *text, uint32_t *bytes)
{
	uint64_t wide;
	const char *unit;

	if (!e3_parse_digits(text, 10, &wide, &unit))
		return fail_key(parser, key, "must be a whole number of bytes, kB or MB");
	while (*unit == ' ')
		unit++;
	if (strcmp(unit, "kB") == 0)
		wide <<= 10;
	else if (strcmp(unit, "MB") == 0)
		wide <<= 20;
	else if (*unit != '\0')
		return fail_key(parser, key, "must be a whole number of bytes, kB or MB");
	if (wide < key->min || wide > key->max || (wide & (wide - 1)) != 0)
		return fail(parser, "[%s] %s: must be a power of two between %u and %u bytes",
					key->section, key->name, key->min, key->max);
	*bytes = (uint32_t) wide;
	return true;
}

static bool
read_level(Parser *parser, const KeyInfo *key, const char *text, E3LogLevel *level)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};

	for (int i = 0; i < 4; i++)
		if (strcmp(text, names[i]) == 0)
		{
			*level = (E3LogLevel) i;
			return true;
		}
	return fail_key(parser, key, "must be debug, info, warning or error");
}

static bool
read_choice(Parser *parser, const KeyInfo *key, const char *text,
			const char *const names[3], const char *cause, const char **choice)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0)
		{
			*choice = names[i];
			return true;
		}
	return fail_key(parser, key, cause);
}

static bool
read_path(Parser *parser, const KeyInfo *key, const char *text, char *path, size_t size)
{
	size_t len = strlen(text);

	if (text[0] != '/')
		return fail_key(parser, key, "must be an absolute path");
	if (len >= size)
		return fail(parser, "[%s] %s: must be shorter than %zu bytes", key->section,
					key->name, size);
	memcpy(path, text, len + 1);
	return true;
}

static bool
read_credential(Parser *parser, const KeyInfo *key, const char *text, char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	int len;

	if (text[0] == '\0' || text[0] == '.' || strchr(text, '/') != NULL)
		return fail_key(parser, key, "must be the name of a credential, not a path");
	if (dir == NULL || dir[0] != '/')
		return fail_key(parser, key, "there is no $CREDENTIALS_DIRECTORY");
	len = snprintf(path, PATH_MAX, "%s/%s", dir, text);
	if (len < 0 || len >= PATH_MAX)
		return fail_key(parser, key, "$CREDENTIALS_DIRECTORY is too long");
	return true;
}

static char *
trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return text + strspn(text, " \t");
}

static bool
read_users(Parser *parser, const KeyInfo *key, char *text)
{
	E3Config *config = parser->config;
	char *rest = text;
	char *name;

	while ((name = strsep(&rest, ",")) != NULL)
	{
		name = trim(name);
		if (config->n_uids == E3_CONFIG_UIDS_MAX)
			return fail(parser, "[%s] %s: more than %d users", key->section, key->name,
						E3_CONFIG_UIDS_MAX);
		if (!e3_parse_user(name, &config->uids[config->n_uids]))
			return fail_key(parser, key, "names a user that does not exist");
		config->n_uids++;
	}
	return true;
}

static bool
read_value(Parser *parser, const KeyInfo *key, const char *text)
{
	char *at = (char *) parser->config + key->at;
	char copy[E3_CONFIG_LINE_MAX + 1];

	switch (key->kind)
	{
		case VALUE_SOCKET:
			return read_path(parser, key, text, at, sizeof(parser->config->socket));
		case VALUE_PATH:
			return read_path(parser, key, text, at, PATH_MAX);
		case VALUE_MODE:
			return read_mode(parser, key, text, (uint32_t *) at);
		case VALUE_NUMBER:
		case VALUE_MS:
			return read_number(parser, key, text, (uint32_t *) at);
		case VALUE_ARENA:
			return read_arena(parser, key, text, (uint32_t *) at);
		case VALUE_LEVEL:
			return read_level(parser, key, text, (E3LogLevel *) at);
		case VALUE_AEAD:
			return read_choice(parser, key, text, aeads,
							   "must be auto, openssl or ipsec-mb", (const char **) at);
		case VALUE_AGREEMENT:
			return read_choice(parser, key, text, agreements,
							   "must be auto, openssl or library", (const char **) at);
		case VALUE_CREDENTIAL:
			return read_credential(parser, key, text, at);
		case VALUE_USERS:
			(void) snprintf(copy, sizeof(copy), "%s", text);
			return read_users(parser, key, copy);
	}
	return false;
}

/* ---- lines ---- */

/* inih calls its handler for keys only, so a heading is looked at here. */
static bool
check_heading(Parser *parser, const char *line)
{
	size_t len = strcspn(line + 1, "]");
	const char *rest = line + 1 + len;

	if (*rest != ']' || rest[1 + strspn(rest + 1, " \t\r")] != '\n')
		return fail(parser, "a section is a name in square brackets and nothing more");
	for (int i = 0; i < N_KEYS; i++)
		if (strlen(keys[i].section) == len && memcmp(keys[i].section, line + 1, len) == 0)
			return true;
	return fail(parser, "unknown section");
}

static bool
check_line(Parser *parser, const char *line, size_t len, int size)
{
	if (len > E3_CONFIG_LINE_MAX || len + 2 > (size_t) size)
		return fail(parser, "line is longer than %d bytes", E3_CONFIG_LINE_MAX);
	if (memchr(line, '\0', len) != NULL)
		return fail(parser, "line has a NUL byte");
	if (parser->line == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		return fail(parser, "file begins with a byte order mark");
	return true;
}

/* As fgets, for inih: NULL ends the parse. */
static char *
next_line(char *out, int size, void *user)
{
	Parser *parser = user;
	const char *start = parser->at;
	const char *newline;
	size_t len;

	if (parser->failed || start == parser->end)
		return NULL;
	newline = memchr(start, '\n', (size_t) (parser->end - start));
	len = (size_t) ((newline != NULL ? newline : parser->end) - start);
	parser->line++;
	if (!check_line(parser, start, len, size))
		return NULL;
	memcpy(out, start, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	parser->at = newline != NULL ? newline + 1 : parser->end;
	/* inih would take it for one more line of the value above. */
	if ((out[0] == ' ' || out[0] == '\t') && out[strspn(out, " \t\r")] != '\n')
	{
		(void) fail(parser, "line begins with white space");
		return NULL;
	}
	return out[0] != '[' || check_heading(parser, out) ? out : NULL;
}

static int
take_pair(void *user, const char *section, const char *name, const char *value)
{
	Parser *parser = user;

	if (parser->failed)
		return 0;
	for (int i = 0; i < N_KEYS; i++)
	{
		if (strcmp(section, keys[i].section) != 0 || strcmp(name, keys[i].name) != 0)
			continue;
		if (parser->seen & UINT32_C(1) << i)
			return fail_key(parser, &keys[i], "is given twice");
		parser->seen |= UINT32_C(1) << i;
		return read_value(parser, &keys[i], value);
	}
	if (section[0] == '\0')
		return fail(parser, "key stands before the first section");
	return fail(parser, "[%s] has no key of this name", section);
}

/* ---- the whole ---- */

static uint32_t
count_cores(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	count = CPU_COUNT(&set);
	return count > E3_WORKERS_MAX ? E3_WORKERS_MAX : (uint32_t) count;
}

static void
set_defaults(E3Config *config)
{
	memset(config, 0, sizeof(*config));
	config->socket_mode = 0660;
	config->workers = count_cores();
	config->connections = E3_CONNECTIONS_DEFAULT;
	config->drain_ms = E3_DRAIN_MS_DEFAULT;
	config->locked_memory = E3_LOCKED_DEFAULT;
	config->log_level = E3_LOG_INFO;
	config->aead = aeads[0];
	config->agreement = agreements[0];
	config->hello_timeout_ms = EVW_HELLO_TIMEOUT_MS;
	config->frame_timeout_ms = EVW_FRAME_TIMEOUT_MS;
	config->idle_timeout_ms = EVW_IDLE_TIMEOUT_MS;
}

static bool
check_whole(Parser *parser)
{
	bool from_file = parser->seen & UINT32_C(1) << KEY_PASSPHRASE_FILE;
	bool from_credential = parser->seen & UINT32_C(1) << KEY_CREDENTIAL;

	for (int i = 0; i < N_KEYS; i++)
		if (keys[i].mandatory && !(parser->seen & UINT32_C(1) << i))
			return fail_key(parser, &keys[i], "is missing");
	if (from_file == from_credential)
		return fail(parser,
					"[keyring] needs passphrase_file or credential, and not both");
	return true;
}

EvwStatus
e3_config_parse(const char *text, size_t len, const char *name, E3Config *config,
				E3ConfigError *error)
{
	Parser parser = {.name = name,
					 .at = text,
					 .end = text + len,
					 .config = config,
					 .error = error};
	int bad_line;

	set_defaults(config);
	if (len > E3_CONFIG_FILE_MAX)
	{
		(void) fail(&parser, "file is longer than %d bytes", E3_CONFIG_FILE_MAX);
		return EVW_CONFIG;
	}
	bad_line = ini_parse_stream(next_line, &parser, take_pair, &parser);
	if (bad_line != 0 && !parser.failed)
	{
		parser.line = bad_line > 0 ? (unsigned) bad_line : parser.line;
		(void) fail(&parser, "neither a [section] nor a key = value");
	}
	if (!parser.failed)
		(void) check_whole(&parser);
	return parser.failed ? EVW_CONFIG : EVW_OK;
}

static void
describe_unreadable(E3FileResult result, const char *path, E3ConfigError *error)
{
	const char *cause = "out of memory";

	if (result == E3_FILE_MISSING || result == E3_FILE_IO)
		cause = strerror(result == E3_FILE_MISSING ? ENOENT : errno);
	else if (result == E3_FILE_SHARED)
		cause = "not a regular file";
	else if (result == E3_FILE_TOO_LONG)
		cause = "file is too long";
	(void) snprintf(error->text, sizeof(error->text), "%s: %s", path, cause);
}

EvwStatus
e3_config_load(const char *path, E3Config *config, E3ConfigError *error)
{
	EvwBuf file;
	E3FileResult result;
	EvwStatus status = EVW_CONFIG;

	e3_buf_init(&file);
	result = e3_file_read(path, E3_FILE_ANY, E3_CONFIG_FILE_MAX, &file);
	if (result == E3_FILE_OK)
		status = e3_config_parse((const char *) file.data, file.len, path, config, error);
	else
		describe_unreadable(result, path, error);
	e3_buf_release(&file);
	return status;
}

bool
e3_config_allows(const E3Config *config, uid_t uid)
{
	if (uid == geteuid())
		return true;
	for (uint32_t i = 0; i < config->n_uids; i++)
		if (config->uids[i] == uid)
			return true;
	return false;
}
