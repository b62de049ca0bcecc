/*
 * fuzz/lexer_fuzz.c
 *	  evc_next_token: whatever the text, tokens follow each other to its end, and a
 *	  text with a value in a token is said to have one.
 */
#include "fuzz.h"

#include "redact/lexer.h"

#include <stdlib.h>
#include <string.h>

extern bool standard_conforming_strings;
bool standard_conforming_strings;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *at = text;
	EvcToken token;

	if (text == NULL || size == 0)
	{
		free(text);
		return 0;
	}
	/* The first byte says how strings are written; a text has no zeroes. */
	standard_conforming_strings = (data[0] & 1) != 0;
	memcpy(text, data, size);
	text[size] = '\0';
	do
	{
		const char *before = at;

		token = evc_next_token(&at);
		FUZZ_CHECK(token.text >= before && at == token.text + token.len);
		FUZZ_CHECK(at <= text + strlen(text));
		FUZZ_CHECK((token.len == 0) == (token.kind == EVC_TOKEN_END));
		if (token.kind == EVC_TOKEN_STRING || token.kind == EVC_TOKEN_NUMBER)
			FUZZ_CHECK(evc_text_values(text) == EVC_VALUES_LITERALS);
	} while (token.kind != EVC_TOKEN_END);
	FUZZ_CHECK(*at == '\0');
	free(text);
	return 0;
}
