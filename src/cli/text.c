/*
 * cli/text.c
 *	  Text that goes out.
 */
#include "cli/text.h"

#include <stdio.h>

void
evc_print_plain(const char *text)
{
	for (; *text != '\0'; text++)
	{
		unsigned char byte = (unsigned char) *text;

		putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
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
