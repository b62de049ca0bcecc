/*
 * fuzz/label_fuzz.c
 *	  evc_label_parse: whatever the text, what it says is within the limits, and says
 *	  the same when it is written out again.
 */
#include "fuzz.h"

#include "label/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every item four times as long as it may be. */
#define WRITTEN_MAX (4 * (EVC_LABEL_TYPE_MAX + EVC_LABEL_CONSTANT_MAX + 512))

/* With each quote doubled, between two of them. */
static char *
write_quoted(char *to, char quote, const char *text)
{
	*to++ = quote;
	for (; *text != '\0'; text++)
	{
		if (*text == quote)
			*to++ = quote;
		*to++ = *text;
	}
	*to++ = quote;
	*to = '\0';
	return to;
}

static char *
write_item(char *to, const char *before, const char *value)
{
	return *value == '\0' ? to
						  : to + snprintf(to, WRITTEN_MAX / 4, "%s%s,", before, value);
}

static void
write_label(char *to, const EvcLabel *label)
{
	to = write_item(to, "app=", label->app);
	to = write_item(to, "role=", label->role);
	to = write_item(to, "type=", label->type);
	if (!label->has_context)
	{
		to[-1] = '\0';
		return;
	}
	to += snprintf(to, 16, "context=");
	if (label->has_constant)
		to = write_quoted(to, '\'', label->constant);
	if (*label->column == '\0')
		return;
	to += snprintf(to, 16, "column(");
	if (label->column_quoted)
		to = write_quoted(to, '"', label->column);
	else
		to += snprintf(to, sizeof(label->column), "%s", label->column);
	snprintf(to, 2, ")");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char written[WRITTEN_MAX];
	EvcLabel label;
	EvcLabel again;
	size_t at;
	const char *trouble = evc_label_parse(&label, (const char *) data, size, &at);

	FUZZ_CHECK(at <= size);
	if (trouble != NULL)
		return 0;
	FUZZ_CHECK(at == size && size <= EVC_LABEL_TEXT_MAX);
	FUZZ_CHECK(label.has_context == (label.has_constant || *label.column != '\0'));
	write_label(written, &label);
	FUZZ_CHECK(evc_label_parse(&again, written, strlen(written), &at) == NULL);
	FUZZ_CHECK(strcmp(again.app, label.app) == 0);
	FUZZ_CHECK(strcmp(again.role, label.role) == 0);
	FUZZ_CHECK(strcmp(again.type, label.type) == 0);
	FUZZ_CHECK(again.has_context == label.has_context);
	FUZZ_CHECK(again.has_constant == label.has_constant);
	FUZZ_CHECK(strcmp(again.constant, label.constant) == 0);
	FUZZ_CHECK(again.column_quoted == label.column_quoted);
	FUZZ_CHECK(strcmp(again.column, label.column) == 0);
	return 0;
}
