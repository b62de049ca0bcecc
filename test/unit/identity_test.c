/*
 * unit/identity_test.c
 *	  Peers and their names.
 */
#include "wire_help.h"

#include "base/identity.h"

#include <string.h>

static void
check_text(const char *given, const char *expected)
{
	char text[E3_IDENTITY_TEXT_MAX];
	E3Identity identity;

	assert_true(e3_identity_parse(&identity, given));
	assert_string_equal(e3_identity_text(&identity, text), expected);
}

static void
test_text_and_back(void **state)
{
	(void) state;
	check_text("uid:0", "uid:0");
	check_text("uid:4294967295", "uid:4294967295");
	check_text("vsock:3", "vsock:3");
	check_text("dns:DB1.Example.org", "dns:db1.example.org");
	check_text("uri:spiffe://Example/db", "uri:spiffe://Example/db");
}

static void
test_not_identities(void **state)
{
	static const char *const texts[] =
		{"",		 "uid",		   "uid:",	"uid:-1",	"uid:1 ",	   "uid:4294967296",
		 "vsock:",	 "vsock:x",	   "dns:",	"dns:a b",	"dns:a\"",	   "uri:\\",
		 "uri:a\nb", "ip:1.2.3.4", "UID:1", "dns:\x7f", "dns:\xc3\xa9"};
	E3Identity identity;

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(e3_identity_parse(&identity, texts[i]));
}

static void
test_name_limit(void **state)
{
	char name[E3_IDENTITY_NAME_MAX + 1];
	char text[E3_IDENTITY_TEXT_MAX];
	E3Identity identity;

	(void) state;
	memset(name, 'a', sizeof(name));
	assert_true(e3_identity_name(&identity, E3_IDENTITY_URI, name, E3_IDENTITY_NAME_MAX));
	assert_int_equal(strlen(e3_identity_text(&identity, text)),
					 strlen("uri:") + E3_IDENTITY_NAME_MAX);
	assert_false(
		e3_identity_name(&identity, E3_IDENTITY_URI, name, E3_IDENTITY_NAME_MAX + 1));
	assert_false(e3_identity_name(&identity, E3_IDENTITY_DNS, "a\0b", 3));
}

static void
test_equal(void **state)
{
	E3Identity a = e3_identity_uid(7);
	E3Identity b = e3_identity_uid(7);

	(void) state;
	assert_true(e3_identity_equal(&a, &b));
	b.uid = 8;
	assert_false(e3_identity_equal(&a, &b));
	assert_true(e3_identity_parse(&a, "dns:x"));
	assert_true(e3_identity_parse(&b, "uri:x"));
	assert_false(e3_identity_equal(&a, &b));
	assert_true(e3_identity_parse(&b, "dns:X"));
	assert_true(e3_identity_equal(&a, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text_and_back),
									   cmocka_unit_test(test_not_identities),
									   cmocka_unit_test(test_name_limit),
									   cmocka_unit_test(test_equal)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
