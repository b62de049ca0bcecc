/*
 * unit/path_test.c
 *	  Paths into documents: what array_in would read, and the limits.
 */
#include "wire_help.h"

#include <string.h>

#include "json/path.h"

static char keys[EVC_PATH_LEN_MAX + 1];
static EvcPathElement elements[EVC_PATH_ELEMENTS_MAX];
static int n_elements;

static EvcPathFault
fault_of(const char *text)
{
	return evc_path_read(text, strlen(text), keys, elements, &n_elements);
}

/* Keys joined by '|', "any" as a bare '*', indexes as '#'. */
static void
assert_path(const char *text, const char *expected)
{
	char found[256] = "";

	assert_int_equal(fault_of(text), EVC_PATH_OK);
	for (int i = 0; i < n_elements; i++)
	{
		const EvcPathElement *element = &elements[i];

		assert_int_equal(element->len, strlen(element->key));
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s%s",
				 i > 0 ? "|" : "",
				 element->any		 ? "any"
				 : element->is_index ? "#"
									 : "",
				 element->any ? "" : element->key);
	}
	assert_string_equal(found, expected);
}

static void
elements_are_read(void **state)
{
	(void) state;
	assert_path("{}", "");
	assert_path(" { } ", "");
	assert_path("{card}", "card");
	assert_path("{card,*,number}", "card|any|number");
	assert_path(" {\ta b , c } ", "a b|c");
	assert_path("{\"a,b\",\"{}\",\"\"}", "a,b|{}|");
	assert_path("{\"a\\\"b\",a\\,b,\\\\}", "a\"b|a,b|\\");
	assert_path("{\" a \",b\\ }", " a |b ");
	assert_path("{a:b,a'b,\xc3\xa4}", "a:b|a'b|\xc3\xa4");
}

static void
only_a_bare_asterisk_is_any(void **state)
{
	(void) state;
	assert_path("{*}", "any");
	assert_path("{ * }", "any");
	assert_path("{\"*\"}", "*");
	assert_path("{\\*}", "*");
	assert_path("{**,a*}", "**|a*");
}

static void
integers_are_indexes(void **state)
{
	(void) state;
	assert_path("{0,-1,+2,007,\" 3\"}", "#0|#-1|#+2|#007|# 3");
	assert_int_equal(elements[1].index, -1);
	assert_int_equal(elements[3].index, 7);
	assert_path("{2147483647,2147483648,-2147483648,-2147483649}",
				"#2147483647|2147483648|#-2147483648|-2147483649");
	assert_path("{99999999999999999999}", "99999999999999999999");
	assert_path("{1x,1.0,-,\"\",\"3 \"}", "1x|1.0|-||3 ");
}

static void
null_is_named(void **state)
{
	(void) state;
	assert_int_equal(fault_of("{NULL}"), EVC_PATH_NULL);
	assert_int_equal(fault_of("{a, nUll }"), EVC_PATH_NULL);
	assert_path("{\"NULL\",n\\ull,nulls}", "NULL|null|nulls");
}

static void
others_are_malformed(void **state)
{
	static const char *const texts[] = {
		"",			" ",		"card",		"card,x",		 "{",
		"}",		"{a",		"{a,",		"{,}",			 "{a,}",
		"{,a}",		"{a,,b}",	"{a}}",		"{a}b",			 "{{a}}",
		"{a,{b}}",	"{a\"b\"}", "{\"a\"b}", "{\"a\" \"b\"}", "{\"a}",
		"{\"a\\",	"{a\\",		"{a\\}",	"[0:0]={a}",	 "$.card",
		"{\"a\"{}", "{a{b}",	"{ , }",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(fault_of(texts[i]), EVC_PATH_MALFORMED);
}

/* "{a,a,a}" of n elements. */
static const char *
path_of(int n)
{
	static char text[4 * EVC_PATH_ELEMENTS_MAX];
	size_t len = 0;

	for (int i = 0; i < n; i++)
	{
		text[len++] = i == 0 ? '{' : ',';
		text[len++] = 'a';
	}
	text[len++] = '}';
	text[len] = '\0';
	return text;
}

static void
limits_hold(void **state)
{
	static char text[EVC_PATH_LEN_MAX + 2];

	(void) state;
	assert_int_equal(fault_of(path_of(EVC_PATH_ELEMENTS_MAX)), EVC_PATH_OK);
	assert_int_equal(n_elements, EVC_PATH_ELEMENTS_MAX);
	assert_int_equal(fault_of(path_of(EVC_PATH_ELEMENTS_MAX + 1)), EVC_PATH_TOO_DEEP);
	memset(text, 'a', EVC_PATH_LEN_MAX);
	text[0] = '{';
	text[EVC_PATH_LEN_MAX - 1] = '}';
	assert_int_equal(fault_of(text), EVC_PATH_OK);
	assert_int_equal(elements[0].len, EVC_PATH_LEN_MAX - 2);
	text[EVC_PATH_LEN_MAX - 1] = 'a';
	text[EVC_PATH_LEN_MAX] = '}';
	assert_int_equal(fault_of(text), EVC_PATH_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_read),
		cmocka_unit_test(only_a_bare_asterisk_is_any),
		cmocka_unit_test(integers_are_indexes),
		cmocka_unit_test(null_is_named),
		cmocka_unit_test(others_are_malformed),
		cmocka_unit_test(limits_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
