/*
 * base/ini.c
 *	  Files of [sections] and key = value, read strictly.
 */
#include "base/ini.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

/* As isspace has it, but for the newline. */
#define SPACE " \t\r\v\f"

bool
e3_ini_vfail(E3Ini *ini, const char *format, va_list args)
{
	char cause[200];

	if (ini->failed)
		return false;
	(void) vsnprintf(cause, sizeof(cause), format, args);
	(void) snprintf(ini->error, ini->error_size, "%s:%u: %s", ini->name, ini->line,
					cause);
	ini->failed = true;
	return false;
}

bool
e3_ini_fail(E3Ini *ini, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) e3_ini_vfail(ini, format, args);
	va_end(args);
	return false;
}

/* inih calls its handler for keys only, so a heading is looked at here. */
static bool
check_heading(E3Ini *ini, const char *line)
{
	char heading[E3_INI_LINE_MAX];
	size_t len = strcspn(line + 1, "]");
	const char *rest = line + 1 + len;

	if (*rest != ']' || rest[1 + strspn(rest + 1, " \t\r")] != '\n')
		return e3_ini_fail(ini,
						   "a section is a name in square brackets and nothing more");
	memcpy(heading, line + 1, len);
	heading[len] = '\0';
	return ini->section(ini, heading);
}

static bool
check_line(E3Ini *ini, const char *line, size_t len, int size)
{
	if (len > E3_INI_LINE_MAX || len + 2 > (size_t) size)
		return e3_ini_fail(ini, "line is longer than %d bytes", E3_INI_LINE_MAX);
	if (memchr(line, '\0', len) != NULL)
		return e3_ini_fail(ini, "line has a NUL byte");
	if (ini->line == 1 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		return e3_ini_fail(ini, "file begins with a byte order mark");
	return true;
}

/* As fgets, for inih: NULL ends the parse. */
static char *
next_line(char *out, int size, void *user)
{
	E3Ini *ini = user;
	const char *start = ini->at;
	const char *newline;
	size_t len;

	if (ini->failed || start == ini->end)
		return NULL;
	newline = memchr(start, '\n', (size_t) (ini->end - start));
	len = (size_t) ((newline != NULL ? newline : ini->end) - start);
	ini->line++;
	if (!check_line(ini, start, len, size))
		return NULL;
	memcpy(out, start, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	ini->at = newline != NULL ? newline + 1 : ini->end;
	/* inih would take it for one more line of the value above, or for a heading. */
	if (strchr(SPACE, out[0]) != NULL && out[strspn(out, SPACE)] != '\n')
	{
		(void) e3_ini_fail(ini, "line begins with white space");
		return NULL;
	}
	return out[0] != '[' || check_heading(ini, out) ? out : NULL;
}

static int
take_pair(void *user, const char *section, const char *key, const char *value)
{
	E3Ini *ini = user;

	if (ini->failed)
		return 0;
	if (section[0] == '\0')
		return e3_ini_fail(ini, "key stands before the first section");
	return ini->pair(ini, section, key, value);
}

bool
e3_ini_parse(E3Ini *ini, const char *text, size_t len)
{
	int bad_line;

	ini->at = text;
	ini->end = text + len;
	ini->line = 0;
	ini->failed = false;
	if (len > ini->max)
		return e3_ini_fail(ini, "file is longer than %zu bytes", ini->max);
	bad_line = ini_parse_stream(next_line, ini, take_pair, ini);
	if (bad_line != 0 && !ini->failed)
	{
		ini->line = bad_line > 0 ? (unsigned) bad_line : ini->line;
		return e3_ini_fail(ini, "neither a [section] nor a key = value");
	}
	return !ini->failed;
}
