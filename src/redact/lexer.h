/*
 * redact/lexer.h
 *	  The tokens of SQL text, as far as one needs them to find names and values.
 *
 * It takes any text, also such as PostgreSQL would refuse, raises nothing, and knows
 * no more of PostgreSQL than one setting, so that it can be tested without.
 */
#ifndef EVC_REDACT_LEXER_H
#define EVC_REDACT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum EvcTokenKind
{
	EVC_TOKEN_END,
	EVC_TOKEN_WORD,	  /* also a keyword */
	EVC_TOKEN_QUOTED, /* a name in double quotes; they belong to the token */
	EVC_TOKEN_STRING,
	EVC_TOKEN_BODY, /* a string in dollar quotes; they belong to the token */
	EVC_TOKEN_NUMBER,
	EVC_TOKEN_PARAMETER, /* $1 */
	EVC_TOKEN_SIGN		 /* any other character */
} EvcTokenKind;

typedef struct EvcToken
{
	EvcTokenKind kind;
	const char *text;
	size_t len;
} EvcToken;

/* What values a text shows or stands for, the most telling kind. */
typedef enum EvcValues
{
	EVC_VALUES_NONE,
	EVC_VALUES_PARAMETERS,
	EVC_VALUES_LITERALS
} EvcValues;

/* The next token at *at, which moves behind it.  Comments and space are no tokens. */
extern EvcToken evc_next_token(const char **at);

extern bool evc_token_is_sign(const EvcToken *token, char sign);

/* Is it this keyword, given in lower case? */
extern bool evc_token_is(const EvcToken *token, const char *keyword);

extern EvcValues evc_text_values(const char *text);

/* Could this byte be one of a name without quotes? */
extern bool evc_is_name_byte(char byte);

#endif /* EVC_REDACT_LEXER_H */
