/*
 * cli/sqltext.c
 *	  Text that grows.
 */
#include "cli/sqltext.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define SIZE_MIN 256

static void *
or_end(void *memory)
{
	if (memory != NULL)
		return memory;
	fputs("evcrypt: out of memory\n", stderr);
	exit(EVC_EXIT_FAILURE);
}

void *
evc_allocate(size_t n, size_t size)
{
	return or_end(calloc(n, size));
}

char *
evc_copy_text(const char *text)
{
	return text != NULL ? or_end(strdup(text)) : NULL;
}

static void
make_room(EvcText *text, size_t n)
{
	size_t size = text->size != 0 ? text->size : SIZE_MIN;

	while (size - text->len <= n)
		size *= 2;
	if (size == text->size)
		return;
	text->bytes = or_end(realloc(text->bytes, size));
	text->size = size;
}

void
evc_text_add(EvcText *text, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	make_room(text, (size_t) n);
	va_start(arguments, format);
	text->len += (size_t) vsnprintf(text->bytes + text->len, text->size - text->len,
									format, arguments);
	va_end(arguments);
}

static void
add_element(EvcText *array, const char *value)
{
	evc_text_add(array, "\"");
	for (; *value != '\0'; value++)
		evc_text_add(array, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
	evc_text_add(array, "\"");
}

char *
evc_text_array(int n, char *const *values)
{
	EvcText array = {0};

	evc_text_add(&array, "{");
	for (int i = 0; i < n; i++)
	{
		evc_text_add(&array, i > 0 ? "," : "");
		add_element(&array, values[i]);
	}
	evc_text_add(&array, "}");
	return array.bytes;
}
