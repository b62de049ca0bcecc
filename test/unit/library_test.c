/*
 * unit/library_test.c
 *	  The choice of libraries: what can be had is had and shown, and what cannot
 *	  is refused by name.
 */
#include "e3_help.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/library.h"
#include "crypto/selftest.h"

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

/* ---- what the self-test is there to find ---- */

static bool
seal_without_tag(void *context, EvwBytes aad, EvwBytes head, const E3AeadItem *items,
				 size_t n)
{
	bool good = e3_aead_openssl.seal(context, aad, head, items, n);

	for (size_t i = 0; i < n; i++)
		memset(items[i].out + head.len + items[i].in.len, 0, EVW_TAG_LEN);
	return good;
}

static void
unseal_anything(void *context, EvwBytes aad, E3AeadItem *items, size_t n)
{
	e3_aead_openssl.unseal(context, aad, items, n);
	for (size_t i = 0; i < n; i++)
		items[i].status = EVW_OK;
}

static EvwStatus
check_no_tag(void *context, const uint8_t *tag)
{
	(void) context;
	(void) tag;
	return EVW_OK;
}

static bool
begin_without_aad(void *context, const uint8_t *iv, EvwBytes aad,
				  E3AeadDirection direction)
{
	aad.len = 0;
	return e3_aead_openssl.begin(context, iv, aad, direction);
}

static bool
same_key_again(void *state, const E3KeyPair *app, size_t n, E3Agreement agreements[])
{
	bool good = e3_agree_openssl.ephemeral(state, app, 1, agreements);

	for (size_t i = 1; i < n; i++)
		agreements[i] = agreements[0];
	return good;
}

static void
agree_with_anything(void *state, size_t n, const E3AgreeItem items[])
{
	e3_agree_openssl.with(state, n, items);
	for (size_t i = 0; i < n; i++)
		*items[i].status = EVW_OK;
}

/* Right for one, wrong for the last of many. */
static void
forget_the_last(void *state, size_t n, const E3AgreeItem items[])
{
	e3_agree_openssl.with(state, n, items);
	if (n > 1)
		memset(items[n - 1].agreement->z, 0, E3_Z_LEN);
}

static void
the_selftest_finds_a_broken_cipher(void **state)
{
	E3AeadBackend broken[] = {e3_aead_openssl, e3_aead_openssl, e3_aead_openssl,
							  e3_aead_openssl};
	E3Backends backends = {&e3_aead_openssl, {&e3_agree_openssl, &e3_agree_openssl}};

	(void) state;
	assert_true(e3_selftest_aead(&backends));
	broken[0].seal = seal_without_tag;
	broken[1].unseal = unseal_anything;
	broken[2].check_tag = check_no_tag;
	broken[3].begin = begin_without_aad;
	for (int i = 0; i < 4; i++)
	{
		backends.aead = &broken[i];
		assert_false(e3_selftest_aead(&backends));
	}
}

static void
the_selftest_finds_a_broken_agreement(void **state)
{
	E3AgreeBackend broken[] = {e3_agree_openssl, e3_agree_openssl, e3_agree_openssl};

	(void) state;
	broken[0].ephemeral = same_key_again;
	broken[1].with = agree_with_anything;
	broken[2].with = forget_the_last;
	for (int curve = 0; curve < 2; curve++)
	{
		E3Backends backends = {&e3_aead_openssl, {&e3_agree_openssl, &e3_agree_openssl}};

		assert_true(e3_selftest_agree(&backends, (EvwCurve) curve));
		for (int i = 0; i < 3; i++)
		{
			backends.agree[curve] = &broken[i];
			assert_false(e3_selftest_agree(&backends, (EvwCurve) curve));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_is_there_before_any_choice),
		cmocka_unit_test(auto_is_always_to_be_had),
		cmocka_unit_test(a_wish_is_granted_or_refused_by_name),
		cmocka_unit_test(what_nobody_knows_is_refused),
		cmocka_unit_test(the_selftest_finds_a_broken_cipher),
		cmocka_unit_test(the_selftest_finds_a_broken_agreement),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
