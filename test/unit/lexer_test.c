/*
 * unit/lexer_test.c
 *	  Tokens of SQL: where strings, names and comments end, and which texts have
 *	  values.
 */
#include "wire_help.h"

#include <string.h>

#include "redact/lexer.h"

extern bool standard_conforming_strings;
bool standard_conforming_strings = true;

/* One letter a token: w(ord) q(uoted) s(tring) b(ody) n(umber) p(arameter), or the sign.
 */
static void
assert_kinds(const char *text, const char *expected)
{
	char kinds[64];
	size_t n = 0;
	EvcToken token;

	while ((token = evc_next_token(&text)).kind != EVC_TOKEN_END)
	{
		assert_in_range(n, 0, sizeof(kinds) - 2);
		kinds[n++] = token.kind == EVC_TOKEN_SIGN ? *token.text : ".wqsbnp"[token.kind];
	}
	kinds[n] = '\0';
	assert_string_equal(kinds, expected);
}

static void
every_kind_is_read(void **state)
{
	(void) state;
	assert_kinds("", "");
	assert_kinds("SELECT a.\"b\"(1, $2, 'c', $$d$$) ", "ww.q(n,p,s,b)");
	assert_kinds("x::int = -1.5e-3", "w::w=-n-n");
	assert_kinds("\xc3\xa4pfel = 1", "w=n");
	assert_kinds("a$1", "w");
}

static void
strings_end_where_they_do(void **state)
{
	(void) state;
	assert_kinds("'it''s' a", "sw");
	assert_kinds("'' ''", "ss");
	assert_kinds("'a\\' b", "sw");
	assert_kinds("e'a\\' b' c", "sw");
	assert_kinds("E'\\\\' c", "sw");
	assert_kinds("b'01' x'ff' n'a' u&'a'", "ssss");
	assert_kinds("U&\"a\" \"a\"\"b\"", "qq");
	assert_kinds("'open", "s");
	assert_kinds("e'open\\", "s");
	assert_kinds("\"open", "q");
	standard_conforming_strings = false;
	assert_kinds("'a\\' b' c", "sw");
	standard_conforming_strings = true;
}

static void
dollars_are_matched(void **state)
{
	(void) state;
	assert_kinds("$$a$b$$ c", "bw");
	assert_kinds("$a$ $$ $b$ $a$ c", "bw");
	assert_kinds("$a$ open $A$", "b");
	assert_kinds("$", "$");
	assert_kinds("$a", "$w");
	assert_kinds("$1$a$", "p");
}

static void
comments_are_no_tokens(void **state)
{
	(void) state;
	assert_kinds("a -- 'b\nc", "ww");
	assert_kinds("a /* ' /* \" */ $$ */ b", "ww");
	assert_kinds("a /* open /* */", "w");
	assert_kinds("a - - b", "w--w");
	assert_kinds("-- open", "");
	assert_kinds("/*", "");
	assert_kinds("/", "/");
}

static void
values_are_seen(void **state)
{
	(void) state;
	assert_int_equal(evc_text_values("SELECT a FROM b"), EVC_VALUES_NONE);
	assert_int_equal(evc_text_values("SELECT a1 /* why */ FROM b -- so"),
					 EVC_VALUES_NONE);
	assert_int_equal(evc_text_values("SELECT $1"), EVC_VALUES_PARAMETERS);
	assert_int_equal(evc_text_values("SELECT $1, 2"), EVC_VALUES_LITERALS);
	assert_int_equal(evc_text_values("SELECT ''"), EVC_VALUES_LITERALS);
	assert_int_equal(evc_text_values("SELECT $$$$"), EVC_VALUES_LITERALS);
	assert_int_equal(evc_text_values("SELECT a -- = 'b'"), EVC_VALUES_LITERALS);
	assert_int_equal(evc_text_values("SELECT a /* 12 */"), EVC_VALUES_LITERALS);
}

static void
keywords_are_told(void **state)
{
	const char *at = "InSeRt insertion \"insert\"";
	EvcToken word = evc_next_token(&at);
	EvcToken longer = evc_next_token(&at);
	EvcToken quoted = evc_next_token(&at);

	(void) state;
	assert_true(evc_token_is(&word, "insert"));
	assert_false(evc_token_is(&longer, "insert"));
	assert_false(evc_token_is(&quoted, "insert"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(strings_end_where_they_do),
		cmocka_unit_test(dollars_are_matched),
		cmocka_unit_test(comments_are_no_tokens),
		cmocka_unit_test(values_are_seen),
		cmocka_unit_test(keywords_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
