/*
 * config_values.c
 *	  Values of E3's configuration: from text, within bounds.
 */
#include "config_private.h"

#include "base/parse.h"
#include "wire/attest.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const e3_config_aeads[] = {"auto", "openssl", "ipsec-mb"};
const char *const e3_config_agreements[] = {"auto", "openssl", "library"};
const char *const e3_config_evidence[] = {"none", EVW_EVIDENCE_SOFTWARE,
										  EVW_EVIDENCE_NITRO};

bool
e3_config_fail(Parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) e3_ini_vfail(&parser->ini, format, args);
	va_end(args);
	return false;
}

bool
e3_config_fail_key(Parser *parser, const KeyInfo *key, const char *cause)
{
	return e3_config_fail(parser, "[%s] %s: %s", key->section, key->name, cause);
}

static bool
read_number(Parser *parser, const KeyInfo *key, const char *text, uint32_t *number)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(text, 10, &wide, &end) || (*end != '\0' && wide <= UINT32_MAX))
		return e3_config_fail_key(parser, key,
								  key->kind == VALUE_MS ? "must be a whole number of "
														  "milliseconds, without a unit"
														: "must be a whole number");
	if (wide < key->min || wide > key->max)
		return e3_config_fail(parser, "[%s] %s: must be between %u and %u", key->section,
							  key->name, key->min, key->max);
	*number = (uint32_t) wide;
	return true;
}

static bool
read_mode(Parser *parser, const KeyInfo *key, const char *text, uint32_t *mode)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(text, 8, &wide, &end) || *end != '\0' || wide > key->max)
		return e3_config_fail_key(parser, key, "must be octal permissions such as 0660");
	*mode = (uint32_t) wide;
	return true;
}

static bool
read_size(Parser *parser, const KeyInfo *key, const char *text, uint32_t *bytes)
{
	bool is_arena = key->kind == VALUE_ARENA;
	uint64_t wide;
	const char *unit;

	if (!e3_parse_digits(text, 10, &wide, &unit))
		return e3_config_fail_key(parser, key,
								  "must be a whole number of bytes, kB or MB");
	while (*unit == ' ')
		unit++;
	if (strcmp(unit, "kB") == 0)
		wide <<= 10;
	else if (strcmp(unit, "MB") == 0)
		wide <<= 20;
	else if (*unit != '\0')
		return e3_config_fail_key(parser, key,
								  "must be a whole number of bytes, kB or MB");
	if (wide < key->min || wide > key->max || (is_arena && (wide & (wide - 1)) != 0))
		return e3_config_fail(parser, "[%s] %s: must be %sbetween %u and %u bytes",
							  key->section, key->name, is_arena ? "a power of two " : "",
							  key->min, key->max);
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
	return e3_config_fail_key(parser, key, "must be debug, info, warning or error");
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
	return e3_config_fail_key(parser, key, cause);
}

/* True for the second name. */
static bool
read_either(Parser *parser, const KeyInfo *key, const char *text, const char *no,
			const char *yes, bool *value)
{
	if (strcmp(text, no) != 0 && strcmp(text, yes) != 0)
		return e3_config_fail(parser, "[%s] %s: must be %s or %s", key->section,
							  key->name, no, yes);
	*value = strcmp(text, yes) == 0;
	return true;
}

static bool
read_path(Parser *parser, const KeyInfo *key, const char *text, char *path, size_t size)
{
	size_t len = strlen(text);

	if (text[0] != '/')
		return e3_config_fail_key(parser, key, "must be an absolute path");
	if (len >= size)
		return e3_config_fail(parser, "[%s] %s: must be shorter than %zu bytes",
							  key->section, key->name, size);
	memcpy(path, text, len + 1);
	return true;
}

static bool
read_credential(Parser *parser, const KeyInfo *key, const char *text, char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	int len;

	if (text[0] == '\0' || text[0] == '.' || strchr(text, '/') != NULL)
		return e3_config_fail_key(parser, key,
								  "must be the name of a credential, not a path");
	if (dir == NULL || dir[0] != '/')
		return e3_config_fail_key(parser, key, "there is no $CREDENTIALS_DIRECTORY");
	len = snprintf(path, PATH_MAX, "%s/%s", dir, text);
	if (len < 0 || len >= PATH_MAX)
		return e3_config_fail_key(parser, key, "$CREDENTIALS_DIRECTORY is too long");
	return true;
}

char *
e3_config_trim(char *text)
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
		name = e3_config_trim(name);
		if (config->n_uids == E3_CONFIG_UIDS_MAX)
			return e3_config_fail(parser, "[%s] %s: more than %d users", key->section,
								  key->name, E3_CONFIG_UIDS_MAX);
		if (!e3_parse_user(name, &config->uids[config->n_uids]))
			return e3_config_fail_key(parser, key, "names a user that does not exist");
		config->n_uids++;
	}
	return true;
}

static bool
read_cids(Parser *parser, const KeyInfo *key, char *text)
{
	E3Config *config = parser->config;
	char *rest = text;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL)
	{
		uint64_t cid;
		const char *end;

		word = e3_config_trim(word);
		if (config->n_cids == E3_CONFIG_CIDS_MAX)
			return e3_config_fail(parser, "[%s] %s: more than %d machines", key->section,
								  key->name, E3_CONFIG_CIDS_MAX);
		if (!e3_parse_digits(word, 10, &cid, &end) || *end != '\0' || cid == 0 ||
			cid >= UINT32_MAX)
			return e3_config_fail_key(parser, key,
									  "must be numbers from 1 to 4294967294, comma "
									  "separated");
		config->cids[config->n_cids++] = (uint32_t) cid;
	}
	return true;
}

static bool
read_listen(Parser *parser, const KeyInfo *key, char *text)
{
	E3Config *config = parser->config;
	char *rest = text;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL)
	{
		EvwEndpoint *endpoint = &config->tls_listen[config->n_tls_listen];

		word = e3_config_trim(word);
		if (config->n_tls_listen == E3_CONFIG_LISTEN_MAX)
			return e3_config_fail(parser, "[%s] %s: more than %d addresses", key->section,
								  key->name, E3_CONFIG_LISTEN_MAX);
		if (evw_endpoint_parse_host(endpoint, word, strlen(word)) != NULL)
			return e3_config_fail_key(parser, key,
									  "must be address:port, comma separated, IPv6 "
									  "addresses in brackets");
		(void) snprintf(endpoint->text, sizeof(endpoint->text), "tls://%s", word);
		config->n_tls_listen++;
	}
	return true;
}

/* A set of bits, of which the key allows some. */
static bool
read_measures(Parser *parser, const KeyInfo *key, char *text, uint32_t *set)
{
	char *rest = text;
	char *name;

	while ((name = strsep(&rest, ",")) != NULL)
	{
		uint32_t measure;

		name = e3_config_trim(name);
		measure = strcmp(name, "all") == 0 ? key->max : e3_isolation_find(name);
		if (measure == 0)
			return e3_config_fail_key(parser, key,
									  "must be names of measures, comma separated");
		if ((measure & ~key->max) != 0)
			return e3_config_fail(parser, "[%s] %s: %s cannot be left out", key->section,
								  key->name, name);
		*set |= measure;
	}
	return true;
}

bool
e3_config_read_value(Parser *parser, const KeyInfo *key, const char *text)
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
		case VALUE_SIZE:
			return read_size(parser, key, text, (uint32_t *) at);
		case VALUE_LEVEL:
			return read_level(parser, key, text, (E3LogLevel *) at);
		case VALUE_AEAD:
			return read_choice(parser, key, text, e3_config_aeads,
							   "must be auto, openssl or ipsec-mb", (const char **) at);
		case VALUE_AGREEMENT:
			return read_choice(parser, key, text, e3_config_agreements,
							   "must be auto, openssl or library", (const char **) at);
		case VALUE_EVIDENCE:
			return read_choice(parser, key, text, e3_config_evidence,
							   "must be none, software or nitro", (const char **) at);
		case VALUE_ON_FAILURE:
			return read_either(parser, key, text, "refuse", "continue", (bool *) at);
		case VALUE_YES_NO:
			return read_either(parser, key, text, "no", "yes", (bool *) at);
		case VALUE_CREDENTIAL:
			return read_credential(parser, key, text, at);
		case VALUE_CIDS:
			(void) snprintf(copy, sizeof(copy), "%s", text);
			return read_cids(parser, key, copy);
		case VALUE_LISTEN:
			(void) snprintf(copy, sizeof(copy), "%s", text);
			return read_listen(parser, key, copy);
		case VALUE_CUSTODY:
			return e3_config_read_custody(parser, key, text, (E3CustodyKind *) at);
		case VALUE_TEXT:
			return e3_config_read_text(parser, key, text, at);
		case VALUE_WORD:
			return e3_config_read_word(parser, key, text, at);
		case VALUE_HTTPS:
			return e3_config_read_https(parser, key, text, (EvwEndpoint *) at);
		case VALUE_PCRS:
			(void) snprintf(copy, sizeof(copy), "%s", text);
			return e3_config_read_pcrs(parser, key, copy, (uint32_t *) at);
		case VALUE_MEASURES:
			(void) snprintf(copy, sizeof(copy), "%s", text);
			return read_measures(parser, key, copy, (uint32_t *) at);
		case VALUE_USERS:
			(void) snprintf(copy, sizeof(copy), "%s", text);
			return read_users(parser, key, copy);
	}
	return false;
}
