/*
 * redact/lexer.c
 *	  The tokens of SQL text.
 *
 * PostgreSQL's own scanner raises errors, so it can't be used while a message is
 * being logged.  What is not closed reaches to the end of the text.
 */
#include "redact/lexer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* PostgreSQL's: a backslash in '...' is a character like any other. */
extern bool standard_conforming_strings;

bool
evc_is_name_byte(char byte)
{
	return isalnum((unsigned char) byte) || byte == '_' || byte == '$' ||
		   ((unsigned char) byte & 0x80) != 0;
}

static bool
starts_name(char byte)
{
	return evc_is_name_byte(byte) && !isdigit((unsigned char) byte) && byte != '$';
}

/* Comments nest. */
static const char *
skip_comment(const char *at)
{
	int depth = 0;

	do
	{
		if (at[0] == '/' && at[1] == '*')
		{
			depth++;
			at += 2;
		}
		else if (at[0] == '*' && at[1] == '/')
		{
			depth--;
			at += 2;
		}
		else if (*at != '\0')
			at++;
	} while (depth > 0 && *at != '\0');
	return at;
}

static const char *
skip_space(const char *at)
{
	for (;;)
	{
		if (isspace((unsigned char) *at))
			at++;
		else if (at[0] == '-' && at[1] == '-')
			at += strcspn(at, "\n\r");
		else if (at[0] == '/' && at[1] == '*')
			at = skip_comment(at);
		else
			return at;
	}
}

/* From the opening quote; behind the closing one. */
static const char *
skip_quoted(const char *at, bool backslashes)
{
	char quote = *at++;

	while (*at != '\0')
	{
		if (*at == quote && at[1] != quote)
			return at + 1;
		if (*at == quote || (backslashes && *at == '\\' && at[1] != '\0'))
			at++;
		at++;
	}
	return at;
}

/* Length of $tag$ with both dollars, or 0. */
static size_t
dollar_quote(const char *at)
{
	size_t len = 1;

	if (at[0] != '$' || isdigit((unsigned char) at[1]))
		return 0;
	while (at[len] != '$' && evc_is_name_byte(at[len]))
		len++;
	return at[len] == '$' ? len + 1 : 0;
}

static const char *
skip_body(const char *at, size_t tag_len)
{
	const char *tag = at;

	for (at += tag_len; *at != '\0'; at++)
		if (*at == '$' && strncmp(at, tag, tag_len) == 0)
			return at + tag_len;
	return at;
}

static const char *
skip_name(const char *at)
{
	while (evc_is_name_byte(*at))
		at++;
	return at;
}

static const char *
skip_number(const char *at)
{
	while (evc_is_name_byte(*at) || *at == '.')
		at++;
	return at;
}

/* e'...', b'...', x'...', n'...', u&'...' and u&"..." are one token. */
static const char *
quote_after_prefix(const char *at)
{
	if ((*at == 'u' || *at == 'U') && at[1] == '&' && (at[2] == '\'' || at[2] == '"'))
		return at + 2;
	return *at != '\0' && strchr("eEbBxXnN", *at) != NULL && at[1] == '\'' ? at + 1
																		   : NULL;
}

static EvcTokenKind
skip_token(const char **at)
{
	const char *start = *at;
	const char *quote = quote_after_prefix(start);
	size_t tag_len = dollar_quote(start);

	if (*start == '\0')
		return EVC_TOKEN_END;
	if (quote == NULL && (*start == '\'' || *start == '"'))
		quote = start;
	if (quote != NULL)
	{
		bool escapes = *start == 'e' || *start == 'E' || !standard_conforming_strings;

		*at = skip_quoted(quote, escapes && *quote == '\'');
		return *quote == '"' ? EVC_TOKEN_QUOTED : EVC_TOKEN_STRING;
	}
	if (tag_len > 0)
	{
		*at = skip_body(start, tag_len);
		return EVC_TOKEN_BODY;
	}
	if (starts_name(*start))
	{
		*at = skip_name(start);
		return EVC_TOKEN_WORD;
	}
	if (isdigit((unsigned char) *start) ||
		(*start == '$' && isdigit((unsigned char) start[1])))
	{
		*at = skip_number(start);
		return *start == '$' ? EVC_TOKEN_PARAMETER : EVC_TOKEN_NUMBER;
	}
	*at = start + 1;
	return EVC_TOKEN_SIGN;
}

EvcToken
evc_next_token(const char **at)
{
	EvcToken token;

	*at = skip_space(*at);
	token.text = *at;
	token.kind = skip_token(at);
	token.len = (size_t) (*at - token.text);
	return token;
}

bool
evc_token_is_sign(const EvcToken *token, char sign)
{
	return token->kind == EVC_TOKEN_SIGN && *token->text == sign;
}

bool
evc_token_is(const EvcToken *token, const char *keyword)
{
	return token->kind == EVC_TOKEN_WORD && strlen(keyword) == token->len &&
		   strncasecmp(token->text, keyword, token->len) == 0;
}

static EvcValues
values_of(EvcTokenKind kind)
{
	switch (kind)
	{
		case EVC_TOKEN_STRING:
		case EVC_TOKEN_BODY:
		case EVC_TOKEN_NUMBER:
			return EVC_VALUES_LITERALS;
		case EVC_TOKEN_PARAMETER:
			return EVC_VALUES_PARAMETERS;
		default:
			return EVC_VALUES_NONE;
	}
}

/* A comment may be a statement that was, with values. */
static bool
has_value_between(const char *start, const char *end)
{
	return strcspn(start, "'\"$0123456789") < (size_t) (end - start);
}

EvcValues
evc_text_values(const char *text)
{
	EvcValues found = EVC_VALUES_NONE;
	EvcToken token;

	do
	{
		const char *before = text;

		token = evc_next_token(&text);
		if (has_value_between(before, token.text))
			return EVC_VALUES_LITERALS;
		if (values_of(token.kind) > found)
			found = values_of(token.kind);
	} while (token.kind != EVC_TOKEN_END && found != EVC_VALUES_LITERALS);
	return found;
}
