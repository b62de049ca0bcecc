/*
 * base/ini.h
 *	  Files of [sections] and key = value, read strictly.
 *
 * inih takes the lines apart; it is handed them one by one, so that the number of
 * the one at hand is known and the first error ends the parse.  Refused is what it
 * would cut or read in another way than it looks: lines that are too long or begin
 * with white space, a NUL, a byte order mark, headings with something behind them.
 * Comments begin with ; or #, and after white space with ;.
 */
#ifndef E3_INI_H
#define E3_INI_H

#include "wire/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* inih's buffer of 200 bytes holds the line, CR, LF and NUL. */
#define E3_INI_LINE_MAX 196

typedef struct E3Ini
{
	/* To be filled in. */
	const char *name; /* of the file, for errors */
	size_t max;		  /* bytes that it may have */
	char *error;	  /* becomes "name:line: cause" */
	size_t error_size;
	/* A heading, without its brackets; a pair.  False after e3_ini_fail. */
	bool (*section)(struct E3Ini *ini, const char *heading);
	bool (*pair)(struct E3Ini *ini, const char *section, const char *key,
				 const char *value);
	void *user;

	/* The parse. */
	const char *at; /* next line */
	const char *end;
	unsigned line; /* number of the line at hand, from 1 */
	bool failed;
} E3Ini;

/* Reads it all; false with the error filled in. */
extern bool e3_ini_parse(E3Ini *ini, const char *text, size_t len) EVW_MUST_USE;

/* The first error counts.  Returns false, for "return e3_ini_fail(...)". */
__attribute__((format(printf, 2, 3))) extern bool e3_ini_fail(E3Ini *ini,
															  const char *format, ...);
__attribute__((format(printf, 2, 0))) extern bool
e3_ini_vfail(E3Ini *ini, const char *format, va_list args);

#endif /* E3_INI_H */
