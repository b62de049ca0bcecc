/*
 * wire/status.c
 *	  Names and messages of status codes.
 */
#include "wire/status.h"

#include <stddef.h>

typedef struct StatusText
{
	uint32_t code;
	const char *name;
	const char *message;
} StatusText;

static const StatusText status_texts[] = {
#define EVW_STATUS_TEXT(name, code, message) {code, #name, message},
	EVW_STATUS_LIST(EVW_STATUS_TEXT)
#undef EVW_STATUS_TEXT
};

static const StatusText *
find_text(uint32_t code)
{
	for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++)
		if (status_texts[i].code == code)
			return &status_texts[i];
	return NULL;
}

const char *
evw_status_name(uint32_t code)
{
	const StatusText *text = find_text(code);

	return text != NULL ? text->name : "UNKNOWN";
}

const char *
evw_status_message(uint32_t code)
{
	const StatusText *text = find_text(code);

	return text != NULL ? text->message : "unknown error";
}
