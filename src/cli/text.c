/*
 * cli/text.c
 *	  Text that goes out.
 */
#include "cli/text.h"

#include <stdbool.h>
#include <stdio.h>

static bool
is_control(char c)
{
	unsigned char byte = (unsigned char) c;

	return byte < 0x20 || byte == 0x7f;
}

void
evc_print_plain(const char *text)
{
	for (; *text != '\0'; text++)
		putchar(is_control(*text) ? '?' : *text);
}

void
evc_make_plain(char *text)
{
	for (; *text != '\0'; text++)
		if (is_control(*text))
			*text = '?';
}

void
evc_print_json(const char *text)
{
	if (text == NULL)
	{
		printf("null");
		return;
	}
	putchar('"');
	for (; *text != '\0'; text++)
	{
		unsigned char byte = (unsigned char) *text;

		if (byte < 0x20 || byte == 0x7f)
			printf("\\u%04x", byte);
		else if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else
			putchar(byte);
	}
	putchar('"');
}
