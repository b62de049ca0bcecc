/*
 * unit/library_test.c
 *	  The choice of libraries: what can be had is had and shown, and what cannot
 *	  is refused by name.
 */
#include "e3_help.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/library.h"

static bool
shown(const char *name)
{
	return strstr(e3_library_names(), name) != NULL;
}

static void
openssl_is_there_before_any_choice(void **state)
{
	E3Scratch *scratch = e3_scratch_new();

	(void) state;
	assert_non_null(scratch);
	e3_scratch_free(scratch);
	assert_int_equal(strncmp(e3_library_names(), "openssl 3.", 10), 0);
	assert_null(strchr(e3_library_names(), ','));
}

static void
auto_is_always_to_be_had(void **state)
{
	char cause[E3_LIBRARY_TEXT_MAX];
	E3Scratch *scratch;

	(void) state;
	assert_status(e3_library_choose("auto", "auto", cause), EVW_OK);
	print_message("auto: %s\n", e3_library_names());
	assert_true(shown("openssl 3."));
	scratch = e3_scratch_new();
	assert_non_null(scratch);
	e3_scratch_free(scratch);
	e3_scratch_free(NULL);
}

/* Each wish by itself, and whose name the choice then shows. */
static void
a_wish_is_granted_or_refused_by_name(void **state)
{
	static const struct
	{
		const char *aead;
		const char *agreement;
		const char *setting; /* that asks for something special */
		const char *wish;
		const char *shown;
	} cases[] = {
		{"openssl", "openssl", NULL, NULL, "openssl 3."},
		{"ipsec-mb", "openssl", "aead", "ipsec-mb", ", ipsec-mb "},
		{"openssl", "library", "agreement", "library", ", "},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char cause[E3_LIBRARY_TEXT_MAX] = "";
		char shall[E3_LIBRARY_TEXT_MAX];
		EvwStatus status = e3_library_choose(cases[i].aead, cases[i].agreement, cause);

		if (status == EVW_OK)
		{
			print_message("%s, %s: %s\n", cases[i].aead, cases[i].agreement,
						  e3_library_names());
			assert_true(shown(cases[i].shown));
			continue;
		}
		assert_non_null(cases[i].setting);
		assert_status(status, EVW_CONFIG);
		print_message("%s\n", cause);
		snprintf(shall, sizeof(shall), "[crypto] %s: %s ", cases[i].setting,
				 cases[i].wish);
		assert_int_equal(strncmp(cause, shall, strlen(shall)), 0);
	}
}

/* A refusal leaves what was chosen before. */
static void
what_nobody_knows_is_refused(void **state)
{
	char cause[E3_LIBRARY_TEXT_MAX];

	(void) state;
	assert_status(e3_library_choose("openssl", "openssl", cause), EVW_OK);
	assert_status(e3_library_choose("rot13", "auto", cause), EVW_CONFIG);
	assert_string_equal(cause, "[crypto] aead: rot13 is not part of this build");
	assert_status(e3_library_choose("auto", "rot13", cause), EVW_CONFIG);
	assert_string_equal(cause, "[crypto] agreement: rot13 is not known");
	assert_int_equal(strncmp(e3_library_names(), "openssl 3.", 10), 0);
	assert_null(strchr(e3_library_names(), ','));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_is_there_before_any_choice),
		cmocka_unit_test(auto_is_always_to_be_had),
		cmocka_unit_test(a_wish_is_granted_or_refused_by_name),
		cmocka_unit_test(what_nobody_knows_is_refused),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
