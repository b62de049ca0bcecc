/*
 * label/parse.c
 *	  The text of a security label, taken apart.
 */
#include <string.h>

#include "label/parse.h"
#include "wire/request.h"

/* The rest of the text. */
typedef struct Cursor
{
	const char *at;
	const char *end;
} Cursor;

static const char trouble_constant[] =
	"A constant stands in quotes, has at most 1024 bytes, and a quote in it is doubled.";
static const char trouble_column[] =
	"A column is written column(name), with SQL's rules for names of at most 63 bytes.";
static const char trouble_type[] = "A type ends inside quotes or parentheses.";

static bool
is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void
skip_space(Cursor *cursor)
{
	while (cursor->at < cursor->end && is_space(*cursor->at))
		cursor->at++;
}

/* Takes the word if it comes next. */
static bool
take(Cursor *cursor, const char *word)
{
	size_t len = strlen(word);

	skip_space(cursor);
	if ((size_t) (cursor->end - cursor->at) < len || memcmp(cursor->at, word, len) != 0)
		return false;
	cursor->at += len;
	return true;
}

static bool
next_is(const Cursor *cursor, char byte)
{
	return cursor->at < cursor->end && *cursor->at == byte;
}

/* False if there is no room. */
static bool
copy(char *to, size_t max, const char *from, size_t len)
{
	if (len > max)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/*
 * What stands between two of this quote, where one inside is doubled.  False if the
 * second does not come, there is a NUL, or no room.
 */
static bool
read_quoted(Cursor *cursor, char quote, char *to, size_t max)
{
	size_t len = 0;

	for (cursor->at++; cursor->at < cursor->end; cursor->at++)
	{
		if (*cursor->at == '\0')
			return false;
		if (*cursor->at == quote)
		{
			cursor->at++;
			if (!next_is(cursor, quote))
			{
				to[len] = '\0';
				return true;
			}
		}
		if (len == max)
			return false;
		to[len++] = *cursor->at;
	}
	return false;
}

/* What is no comma and no space. */
static EvwBytes
read_name(Cursor *cursor)
{
	const char *start;

	skip_space(cursor);
	start = cursor->at;
	while (cursor->at < cursor->end && !is_space(*cursor->at) && *cursor->at != ',')
		cursor->at++;
	return (EvwBytes){(const uint8_t *) start, (size_t) (cursor->at - start)};
}

static const char *
read_app(EvcLabel *label, Cursor *cursor)
{
	EvwBytes name = read_name(cursor);

	if (!evw_app_name_valid(name))
		return "An app name is 1 to 63 of a-z, 0-9, \"_\" and \"-\".";
	(void) copy(label->app, EVW_APP_MAX, (const char *) name.data, name.len);
	return NULL;
}

static const char *
read_role(EvcLabel *label, Cursor *cursor)
{
	EvwBytes name = read_name(cursor);

	if (!evw_role_valid(name))
		return "A data role is 1 to 20 of a-z, 0-9 and \"-\".";
	(void) copy(label->role, EVW_ROLE_MAX, (const char *) name.data, name.len);
	return NULL;
}

/* Moves over one byte of a type; commas in parentheses and quotes belong to it. */
static void
step(const Cursor *cursor, bool *quoted, int *depth)
{
	if (*cursor->at == '"')
		*quoted = !*quoted;
	else if (!*quoted && *cursor->at == '(')
		++*depth;
	else if (!*quoted && *cursor->at == ')')
		--*depth;
}

static const char *
read_type(EvcLabel *label, Cursor *cursor)
{
	const char *start;
	const char *end;
	bool quoted = false;
	int depth = 0;

	skip_space(cursor);
	start = cursor->at;
	for (; cursor->at < cursor->end; cursor->at++)
	{
		if (*cursor->at == '\0' || depth < 0)
			return trouble_type;
		if (!quoted && depth == 0 && *cursor->at == ',')
			break;
		step(cursor, &quoted, &depth);
	}
	if (quoted || depth != 0)
		return trouble_type;
	end = cursor->at;
	while (end > start && is_space(end[-1]))
		end--;
	if (end == start)
		return "A type is missing.";
	if (!copy(label->type, EVC_LABEL_TYPE_MAX, start, (size_t) (end - start)))
		return "A type is longer than the limit of 256 bytes.";
	return NULL;
}

static bool
begins_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
		   (byte & 0x80) != 0;
}

static bool
continues_name(char byte)
{
	return begins_name(byte) || (byte >= '0' && byte <= '9') || byte == '$';
}

/* What column( is followed by. */
static const char *
read_column(EvcLabel *label, Cursor *cursor)
{
	const char *start;

	skip_space(cursor);
	start = cursor->at;
	label->column_quoted = next_is(cursor, '"');
	if (label->column_quoted)
	{
		if (!read_quoted(cursor, '"', label->column, EVC_LABEL_COLUMN_MAX))
			return trouble_column;
	}
	else
	{
		if (cursor->at == cursor->end || !begins_name(*cursor->at))
			return trouble_column;
		while (cursor->at < cursor->end && continues_name(*cursor->at))
			cursor->at++;
		if (!copy(label->column, EVC_LABEL_COLUMN_MAX, start,
				  (size_t) (cursor->at - start)))
			return trouble_column;
	}
	if (*label->column == '\0' || !take(cursor, ")"))
		return trouble_column;
	return NULL;
}

static bool
take_column(Cursor *cursor)
{
	Cursor before = *cursor;

	if (take(cursor, "column") && take(cursor, "("))
		return true;
	*cursor = before;
	return false;
}

static const char *
read_context(EvcLabel *label, Cursor *cursor)
{
	bool joined = false;

	label->has_context = true;
	skip_space(cursor);
	if (next_is(cursor, '\''))
	{
		label->has_constant = true;
		if (!read_quoted(cursor, '\'', label->constant, EVC_LABEL_CONSTANT_MAX))
			return trouble_constant;
		joined = take(cursor, "||");
	}
	if (take_column(cursor))
		return read_column(label, cursor);
	if (joined)
		return trouble_column;
	if (!label->has_constant)
		return "A context is a constant in quotes, column(name), or both.";
	return NULL;
}

typedef const char *(*ReadItem)(EvcLabel *label, Cursor *cursor);

static const struct
{
	const char *key;
	ReadItem read;
} items[] = {
	{"app", read_app},
	{"role", read_role},
	{"type", read_type},
	{"context", read_context},
};

#define N_ITEMS (sizeof(items) / sizeof(items[0]))

static const char *
read_item(EvcLabel *label, Cursor *cursor, bool seen[N_ITEMS])
{
	for (size_t i = 0; i < N_ITEMS; i++)
	{
		Cursor after = *cursor;

		if (!take(&after, items[i].key) || !take(&after, "="))
			continue;
		if (seen[i])
			return "This is said twice.";
		seen[i] = true;
		*cursor = after;
		return items[i].read(label, cursor);
	}
	return "Expected app=, role=, type= or context=.";
}

static const char *
read_items(EvcLabel *label, Cursor *cursor)
{
	bool seen[N_ITEMS] = {false};

	for (;;)
	{
		const char *trouble;

		skip_space(cursor);
		trouble = read_item(label, cursor, seen);
		if (trouble != NULL)
			return trouble;
		skip_space(cursor);
		if (cursor->at == cursor->end)
			return NULL;
		if (!take(cursor, ","))
			return "Expected a comma, or the end.";
	}
}

const char *
evc_label_parse(EvcLabel *label, const char *text, size_t len, size_t *at)
{
	Cursor cursor = {text, text + len};
	const char *trouble;

	memset(label, 0, sizeof(*label));
	*at = 0;
	if (len > EVC_LABEL_TEXT_MAX)
		return "It is longer than the limit of 4096 bytes.";
	trouble = read_items(label, &cursor);
	*at = (size_t) (cursor.at - text);
	return trouble;
}
