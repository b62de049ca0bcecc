/*
 * unit/label_test.c
 *	  Labels of columns: what they say, where each limit is, and what is refused.
 */
#include "wire_help.h"

#include <stdlib.h>
#include <string.h>

#include "label/parse.h"

/* Of a copy that has no terminator, so that a read past the end is seen. */
static const char *
parse(EvcLabel *label, const char *text, size_t *at)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, strlen(text)});
	const char *trouble =
		evc_label_parse(label, (const char *) exact.data, exact.len, at);

	assert_in_range(*at, 0, exact.len);
	help_release(exact);
	return trouble;
}

static EvcLabel
read(const char *text)
{
	EvcLabel label;
	size_t at;

	assert_null(parse(&label, text, &at));
	assert_int_equal(at, strlen(text));
	return label;
}

/* Refused, and where. */
static void
assert_refused(const char *text, size_t where)
{
	EvcLabel label;
	size_t at;

	assert_non_null(parse(&label, text, &at));
	assert_int_equal(at, where);
}

static void
every_item_is_read(void **state)
{
	EvcLabel label =
		read("app=shop_1, role=pii-eu,type = numeric(10,2) ,\n context = 'a''b' || "
			 "column ( Id )");

	(void) state;
	assert_string_equal(label.app, "shop_1");
	assert_string_equal(label.role, "pii-eu");
	assert_string_equal(label.type, "numeric(10,2)");
	assert_true(label.has_context);
	assert_true(label.has_constant);
	assert_string_equal(label.constant, "a'b");
	assert_string_equal(label.column, "Id");
	assert_false(label.column_quoted);
}

static void
what_is_not_said_is_empty(void **state)
{
	EvcLabel label = read(" role=x ");

	(void) state;
	assert_string_equal(label.app, "");
	assert_string_equal(label.role, "x");
	assert_string_equal(label.type, "");
	assert_string_equal(label.column, "");
	assert_false(label.has_context);
	assert_false(label.has_constant);
}

static void
types_may_hold_commas(void **state)
{
	(void) state;
	assert_string_equal(read("type=timestamp (3) with time zone").type,
						"timestamp (3) with time zone");
	assert_string_equal(read("type=s.\"a,b\"\"(\"[], app=x").type, "s.\"a,b\"\"(\"[]");
	assert_string_equal(read("type=f((1,2),3), app=x").type, "f((1,2),3)");
	assert_refused("type=", 5);
	assert_refused("type= , app=x", 6);
	assert_refused("type=f(1, app=x", 15);
	assert_refused("type=f)1(", 7);
	assert_refused("type=f)", 7);
	assert_refused("type=\"f", 7);
}

static void
contexts_have_three_forms(void **state)
{
	EvcLabel label = read("context=''");

	(void) state;
	assert_true(label.has_context && label.has_constant);
	assert_string_equal(label.constant, "");
	assert_string_equal(label.column, "");
	label = read("context=column(\"a \"\"b\")");
	assert_true(label.has_context && label.column_quoted);
	assert_false(label.has_constant);
	assert_string_equal(label.column, "a \"b");
	label = read("context='x'column(_\xc3\xa4$1), type=text");
	assert_string_equal(label.constant, "x");
	assert_string_equal(label.column, "_\xc3\xa4$1");
	assert_string_equal(read("context='' || column(a)").column, "a");
	assert_refused("context=", 8);
	assert_refused("context=id", 8);
	assert_refused("context=id || column(id)", 8);
	assert_refused("context='x' ||", 14);
	assert_refused("context='x' || 'y'", 14);
	assert_refused("context=column(id) || 'x'", 19);
	assert_refused("context='x", 10);
	assert_refused("context='x''", 12);
	assert_refused("context=column()", 15);
	assert_refused("context=column(\"\")", 17);
	assert_refused("context=column(1a)", 15);
	assert_refused("context=column(a.b)", 16);
	assert_refused("context=column(a", 16);
	assert_refused("context=COLUMN(a)", 8);
	assert_refused("context=columns(a)", 8);
}

static void
other_texts_are_refused(void **state)
{
	(void) state;
	assert_refused("", 0);
	assert_refused(" ", 1);
	assert_refused(",", 0);
	assert_refused("app=x,", 6);
	assert_refused("app=x role=y", 6);
	assert_refused("app=x,,role=y", 6);
	assert_refused("app=x, app=x", 7);
	assert_refused("App=x", 0);
	assert_refused("apps=x", 0);
	assert_refused("app", 0);
	assert_refused("app=", 4);
	assert_refused("app=X", 5);
	assert_refused("app='x'", 7);
	assert_refused("role=a_b", 8);
	assert_refused("key=x", 0);
	assert_refused("type=text; app=x, type=y", 18);
}

/* A NUL is a byte like no other: what came after it would not be seen. */
static void
zeroes_are_refused(void **state)
{
	static const EvwBytes texts[] = {BYTES("app=a\0b"), BYTES("type=a\0b"),
									 BYTES("context='a\0b'"),
									 BYTES("context=column(\"a\0b\")"), BYTES("app=a\0")};
	EvcLabel label;
	size_t at;

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_non_null(
			evc_label_parse(&label, (const char *) texts[i].data, texts[i].len, &at));
}

/* "before", so many letters, "after": is it a label? */
static bool
accepts(const char *before, size_t letters, const char *after)
{
	size_t head = strlen(before);
	size_t tail = strlen(after);
	char *text = malloc(head + letters + tail + 1);
	EvcLabel label;
	size_t at;
	bool accepted;

	assert_non_null(text);
	memcpy(text, before, head);
	memset(text + head, 'a', letters);
	memcpy(text + head + letters, after, tail + 1);
	accepted = parse(&label, text, &at) == NULL;
	free(text);
	return accepted;
}

static void
assert_limit(const char *before, size_t limit, const char *after)
{
	assert_true(accepts(before, limit, after));
	assert_false(accepts(before, limit + 1, after));
}

static void
limits_are_where_they_are(void **state)
{
	(void) state;
	assert_limit("app=", EVW_APP_MAX, "");
	assert_limit("role=", EVW_ROLE_MAX, ", app=x");
	assert_limit("type=", EVC_LABEL_TYPE_MAX, "");
	assert_limit("context='", EVC_LABEL_CONSTANT_MAX, "'");
	assert_limit("context='''", EVC_LABEL_CONSTANT_MAX - 1, "'");
	assert_limit("context=column(", EVC_LABEL_COLUMN_MAX, ")");
	assert_limit("context=column(\"", EVC_LABEL_COLUMN_MAX, "\")");
	assert_limit("context=column(\"\"\"", EVC_LABEL_COLUMN_MAX - 1, "\")");
}

static void
length_has_a_limit(void **state)
{
	char text[EVC_LABEL_TEXT_MAX + 1];
	EvcLabel label;
	size_t at;

	(void) state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "app=x", 5);
	assert_null(evc_label_parse(&label, text, EVC_LABEL_TEXT_MAX, &at));
	assert_non_null(evc_label_parse(&label, text, EVC_LABEL_TEXT_MAX + 1, &at));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_read),
		cmocka_unit_test(what_is_not_said_is_empty),
		cmocka_unit_test(types_may_hold_commas),
		cmocka_unit_test(contexts_have_three_forms),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(zeroes_are_refused),
		cmocka_unit_test(limits_are_where_they_are),
		cmocka_unit_test(length_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
