/*
 * json/path.c
 *	  The text of one path, read as array_in reads it.
 */
#include "json/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct Reader
{
	const char *at;
	const char *end;
	char *out; /* where the next key goes */
} Reader;

/* As array_isspace. */
static bool
is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void
skip_space(Reader *reader)
{
	while (reader->at < reader->end && is_space(*reader->at))
		reader->at++;
}

/* Takes this byte if it is next. */
static bool
take(Reader *reader, char byte)
{
	if (reader->at == reader->end || *reader->at != byte)
		return false;
	reader->at++;
	return true;
}

/* A byte, or the one after a backslash, becomes part of the key. */
static bool
take_key_byte(Reader *reader, bool *escaped)
{
	if (take(reader, '\\'))
		*escaped = true;
	if (reader->at == reader->end)
		return false;
	*reader->out++ = *reader->at++;
	return true;
}

/* Behind the opening quote. */
static bool
read_quoted(Reader *reader)
{
	bool escaped = false;

	while (!take(reader, '"'))
		if (!take_key_byte(reader, &escaped))
			return false;
	return true;
}

static bool
ends_plain(char byte)
{
	return byte == ',' || byte == '}' || byte == '{' || byte == '"';
}

/* Space before the next delimiter is no part of the key, unless escaped. */
static bool
read_plain(Reader *reader, const char *key, bool *escaped)
{
	char *end = reader->out;

	while (reader->at < reader->end && !ends_plain(*reader->at))
	{
		bool space = is_space(*reader->at);

		if (!take_key_byte(reader, escaped))
			return false;
		if (!space)
			end = reader->out;
	}
	reader->out = end;
	return end > key;
}

/* As jsonb_extract_path reads what names an element of an array. */
static void
read_index(EvcPathElement *element)
{
	char *end;
	long index;

	errno = 0;
	index = strtol(element->key, &end, 10);
	element->is_index = end != element->key && end == element->key + element->len &&
						errno == 0 && index >= INT32_MIN && index <= INT32_MAX;
	element->index = element->is_index ? (int32_t) index : 0;
}

static EvcPathFault
read_element(Reader *reader, EvcPathElement *element)
{
	bool escaped = false;

	memset(element, 0, sizeof(*element));
	element->key = reader->out;
	skip_space(reader);
	if (take(reader, '"'))
	{
		escaped = true;
		if (!read_quoted(reader))
			return EVC_PATH_MALFORMED;
	}
	else if (!read_plain(reader, element->key, &escaped))
		return EVC_PATH_MALFORMED;
	element->len = (uint32_t) (reader->out - element->key);
	*reader->out++ = '\0';
	if (!escaped && strcasecmp(element->key, "null") == 0)
		return EVC_PATH_NULL;
	element->any = !escaped && strcmp(element->key, "*") == 0;
	read_index(element);
	skip_space(reader);
	return EVC_PATH_OK;
}

/* Behind the opening brace, up to the closing one. */
static EvcPathFault
read_elements(Reader *reader, EvcPathElement *elements, int *n_elements)
{
	skip_space(reader);
	if (take(reader, '}'))
		return EVC_PATH_OK;
	do
	{
		EvcPathFault fault;

		if (*n_elements == EVC_PATH_ELEMENTS_MAX)
			return EVC_PATH_TOO_DEEP;
		fault = read_element(reader, &elements[*n_elements]);
		if (fault != EVC_PATH_OK)
			return fault;
		(*n_elements)++;
	} while (take(reader, ','));
	return take(reader, '}') ? EVC_PATH_OK : EVC_PATH_MALFORMED;
}

EvcPathFault
evc_path_read(const char *text, size_t len, char *keys, EvcPathElement *elements,
			  int *n_elements)
{
	Reader reader = {text, text + len, keys};
	EvcPathFault fault;

	*n_elements = 0;
	if (len > EVC_PATH_LEN_MAX)
		return EVC_PATH_TOO_LONG;
	skip_space(&reader);
	if (!take(&reader, '{'))
		return EVC_PATH_MALFORMED;
	fault = read_elements(&reader, elements, n_elements);
	if (fault != EVC_PATH_OK)
		return fault;
	skip_space(&reader);
	return reader.at == reader.end ? EVC_PATH_OK : EVC_PATH_MALFORMED;
}
