/*
 * config.c
 *	  Reading of the configuration file.
 *
 * inih takes lines apart; we hand it the lines, so we know the number of the
 * one at hand, and stop at the first error.  One table says what every key is.
 */
#include "config.h"
#include "config_private.h"

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

#define AT(field) offsetof(E3Config, field)

enum
{
	KEY_PASSPHRASE_FILE,
	KEY_CREDENTIAL
};

static const KeyInfo keys[] = {
	[KEY_PASSPHRASE_FILE] = {"keyring", "passphrase_file", VALUE_PATH, false,
							 AT(passphrase_file), 0, 0},
	[KEY_CREDENTIAL] = {"keyring", "credential", VALUE_CREDENTIAL, false,
						AT(passphrase_file), 0, 0},
	{"e3", "socket", VALUE_SOCKET, true, AT(socket), 0, 0},
	{"e3", "socket_mode", VALUE_MODE, false, AT(socket_mode), 0, 0777},
	{"e3", "workers", VALUE_NUMBER, false, AT(workers), E3_WORKERS_MIN, E3_WORKERS_MAX},
	{"e3", "connections", VALUE_NUMBER, false, AT(connections), E3_CONNECTIONS_MIN,
	 E3_CONNECTIONS_MAX},
	{"e3", "cached_keys", VALUE_NUMBER, false, AT(cached_keys), 0, E3_CACHED_KEYS_MAX},
	{"e3", "pooled_keys", VALUE_NUMBER, false, AT(pooled_keys), 0, E3_POOLED_KEYS_MAX},
	{"e3", "slice_us", VALUE_NUMBER, false, AT(slice_us), 0, E3_SLICE_US_MAX},
	{"e3", "worker_nice", VALUE_NUMBER, false, AT(worker_nice), 0, E3_NICE_MAX},
	{"e3", "drain_ms", VALUE_MS, false, AT(drain_ms), 0, E3_DRAIN_MS_MAX},
	{"e3", "locked_memory", VALUE_ARENA, false, AT(locked_memory), E3_LOCKED_MIN,
	 E3_LOCKED_MAX},
	{"e3", "log_level", VALUE_LEVEL, false, AT(log_level), 0, 0},
	{"limits", "memory", VALUE_SIZE, false, AT(memory), E3_MEMORY_MIN, E3_MEMORY_MAX},
	{"limits", "hello_timeout_ms", VALUE_MS, false, AT(hello_timeout_ms),
	 E3_TIMEOUT_MS_MIN, EVW_HELLO_TIMEOUT_MS},
	{"limits", "frame_timeout_ms", VALUE_MS, false, AT(frame_timeout_ms),
	 E3_TIMEOUT_MS_MIN, EVW_FRAME_TIMEOUT_MS},
	{"limits", "idle_timeout_ms", VALUE_MS, false, AT(idle_timeout_ms), E3_TIMEOUT_MS_MIN,
	 EVW_IDLE_TIMEOUT_MS},
	{"keyring", "file", VALUE_PATH, true, AT(keyring), 0, 0},
	{"access", "allow_users", VALUE_USERS, false, AT(uids), 0, 0},
	{"crypto", "aead", VALUE_AEAD, false, AT(aead), 0, 0},
	{"crypto", "agreement", VALUE_AGREEMENT, false, AT(agreement), 0, 0},
};

#define N_KEYS ((int) (sizeof(keys) / sizeof(keys[0])))

/* inih calls its handler for keys only, so a heading is looked at here. */
static bool
check_heading(Parser *parser, const char *line)
{
	size_t len = strcspn(line + 1, "]");
	const char *rest = line + 1 + len;

	if (*rest != ']' || rest[1 + strspn(rest + 1, " \t\r")] != '\n')
		return e3_config_fail(parser,
							  "a section is a name in square brackets and nothing more");
	for (int i = 0; i < N_KEYS; i++)
		if (strlen(keys[i].section) == len && memcmp(keys[i].section, line + 1, len) == 0)
			return true;
	return e3_config_fail(parser, "unknown section");
}

static bool
check_line(Parser *parser, const char *line, size_t len, int size)
{
	if (len > E3_CONFIG_LINE_MAX || len + 2 > (size_t) size)
		return e3_config_fail(parser, "line is longer than %d bytes", E3_CONFIG_LINE_MAX);
	if (memchr(line, '\0', len) != NULL)
		return e3_config_fail(parser, "line has a NUL byte");
	if (parser->line == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		return e3_config_fail(parser, "file begins with a byte order mark");
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
		(void) e3_config_fail(parser, "line begins with white space");
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
			return e3_config_fail_key(parser, &keys[i], "is given twice");
		parser->seen |= UINT32_C(1) << i;
		return e3_config_read_value(parser, &keys[i], value);
	}
	if (section[0] == '\0')
		return e3_config_fail(parser, "key stands before the first section");
	return e3_config_fail(parser, "[%s] has no key of this name", section);
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
	config->cached_keys = E3_CACHED_KEYS_DEFAULT;
	config->pooled_keys = E3_POOLED_KEYS_DEFAULT;
	config->slice_us = E3_SLICE_US_DEFAULT;
	config->worker_nice = E3_NICE_DEFAULT;
	config->drain_ms = E3_DRAIN_MS_DEFAULT;
	config->memory = E3_MEMORY_DEFAULT;
	config->locked_memory = E3_LOCKED_DEFAULT;
	config->log_level = E3_LOG_INFO;
	config->aead = e3_config_aeads[0];
	config->agreement = e3_config_agreements[0];
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
			return e3_config_fail_key(parser, &keys[i], "is missing");
	if (from_file == from_credential)
		return e3_config_fail(parser, "[keyring] needs passphrase_file or credential, "
									  "and not both");
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
		(void) e3_config_fail(&parser, "file is longer than %d bytes",
							  E3_CONFIG_FILE_MAX);
		return EVW_CONFIG;
	}
	bad_line = ini_parse_stream(next_line, &parser, take_pair, &parser);
	if (bad_line != 0 && !parser.failed)
	{
		parser.line = bad_line > 0 ? (unsigned) bad_line : parser.line;
		(void) e3_config_fail(&parser, "neither a [section] nor a key = value");
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
