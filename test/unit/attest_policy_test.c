/*
 * unit/attest_policy_test.c
 *	  What is expected of evidence: measurements and their text, age, nonce, binding,
 *	  roots.
 */
#include "attest_help.h"
#include "e3_help.h"

#include <stdlib.h>
#include <string.h>

#include "attest/pcr.h"
#include "attest/root.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

/* A good document, and what is expected of it but for what a test changes. */
typedef struct Case
{
	AttestSpec spec;
	EvwBuf buf;
	EvcExpectations expect;
	EvcAttested attested;
} Case;

static void
open_case(Case *one)
{
	attest_spec(&one->spec);
	attest_make(&one->spec, &one->buf, &one->expect);
}

static void
assert_verdict(Case *one, EvcVerdict shall)
{
	EvcVerdict is =
		evc_attest_verify(help_buf_bytes(&one->buf), &one->expect, &one->attested);

	assert_string_equal(evc_verdict_name(is), evc_verdict_name(shall));
}

static void
close_case(Case *one)
{
	help_buf_free(&one->buf);
}

/* The form does not change under those who have written to it. */
static void
a_document_that_was_made_before(void **state)
{
	json_t *vector = help_vectors("evidence.json");
	EvwBytes document = help_unhex(help_field(vector, "document"));
	EvwBytes root = help_unhex(help_field(vector, "root"));
	EvcExpectations expect = {
		.root_given = true,
		.now = json_integer_value(json_object_get(vector, "at")),
		.nonce = help_unhex(help_field(vector, "nonce")),
		.binding = help_unhex(help_field(vector, "user_data")),
	};
	EvcAttested attested;
	char text[128];

	(void) state;
	snprintf(text, sizeof(text), "0=%s", help_field(vector, "pcr0"));
	assert_null(evc_pcr_policy_read(&expect.policy, text));
	SHA256(root.data, root.len, expect.root);
	assert_int_equal(evc_attest_verify(document, &expect, &attested), EVC_VERDICT_GOOD);
	assert_int_equal(attested.document.n_bundle, 3);
	help_release(document);
	help_release(root);
	help_release(expect.nonce);
	help_release(expect.binding);
	json_decref(vector);
}

static void
nothing_is_expected(void **state)
{
	const EvcExpectations nothing = {.root_given = false};
	EvcExpectations good;
	Case one;

	(void) state;
	open_case(&one);
	good = one.expect;
	one.expect = nothing;
	assert_verdict(&one, EVC_VERDICT_NOTHING_EXPECTED);
	one.expect = good;
	one.expect.root_given = false;
	assert_verdict(&one, EVC_VERDICT_NOTHING_EXPECTED);
	one.expect = good;
	one.expect.nonce.len = 0;
	assert_verdict(&one, EVC_VERDICT_NOTHING_EXPECTED);
	one.expect.unchecked = EVC_UNCHECKED_NONCE;
	assert_verdict(&one, EVC_VERDICT_GOOD);
	one.expect = good;
	one.expect.binding.len = 0;
	assert_verdict(&one, EVC_VERDICT_NOTHING_EXPECTED);
	one.expect.unchecked = EVC_UNCHECKED_BINDING;
	assert_verdict(&one, EVC_VERDICT_GOOD);
	one.expect = good;
	one.expect.policy.set = 0;
	assert_verdict(&one, EVC_VERDICT_POLICY_EMPTY);
	one.expect.debug_allowed = true;
	assert_verdict(&one, EVC_VERDICT_POLICY_EMPTY);
	one.expect = good;
	assert_verdict(&one, EVC_VERDICT_GOOD);
	assert_int_equal(one.attested.expires, ATTEST_NOW + ATTEST_HOUR);
	close_case(&one);
}

static void
age_at_its_ends(void **state)
{
	static const struct
	{
		int64_t now;
		EvcVerdict verdict;
	} cases[] = {
		{ATTEST_NOW + EVC_SKEW_DEFAULT + EVC_AGE_MAX, EVC_VERDICT_GOOD},
		{ATTEST_NOW + EVC_SKEW_DEFAULT + EVC_AGE_MAX + 1, EVC_VERDICT_STALE},
		{ATTEST_NOW - EVC_SKEW_DEFAULT, EVC_VERDICT_GOOD},
		{ATTEST_NOW - EVC_SKEW_DEFAULT - 1, EVC_VERDICT_FROM_THE_FUTURE},
	};
	Case one;

	(void) state;
	open_case(&one);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		one.expect.now = cases[i].now;
		assert_verdict(&one, cases[i].verdict);
	}
	one.expect.skew_s = 0;
	one.expect.now = ATTEST_NOW + EVC_AGE_MAX;
	assert_verdict(&one, EVC_VERDICT_GOOD);
	one.expect.now++;
	assert_verdict(&one, EVC_VERDICT_STALE);
	one.expect.now = ATTEST_NOW - 1;
	assert_verdict(&one, EVC_VERDICT_FROM_THE_FUTURE);
	close_case(&one);
}

static void
another_nonce_or_binding(void **state)
{
	uint8_t other[33] = {0};
	Case one;

	(void) state;
	open_case(&one);
	memcpy(other, attest_nonce().data, 32);
	for (size_t len = 31; len <= 33; len += 2)
	{
		one.expect.nonce = (EvwBytes){other, len};
		assert_verdict(&one, EVC_VERDICT_NONCE);
	}
	other[31] ^= 1;
	one.expect.nonce = (EvwBytes){other, 32};
	assert_verdict(&one, EVC_VERDICT_NONCE);
	one.expect.nonce = attest_nonce();
	memcpy(other, attest_binding().data, 32);
	other[0] ^= 1;
	one.expect.binding = (EvwBytes){other, 32};
	assert_verdict(&one, EVC_VERDICT_BINDING);
	close_case(&one);
}

static void
measurements_that_differ(void **state)
{
	Case one;

	(void) state;
	open_case(&one);
	for (int i = 0; i < 9; i++)
	{
		bool expected = (one.expect.policy.set & 1u << i) != 0;

		one.expect.policy.values[i][47] ^= 1;
		assert_verdict(&one, expected ? EVC_VERDICT_PCR_DIFFERS : EVC_VERDICT_GOOD);
		one.expect.policy.values[i][47] ^= 1;
	}
	one.expect.policy.lengths[8] = 32;
	assert_verdict(&one, EVC_VERDICT_PCR_DIFFERS);
	one.expect.policy.lengths[8] = 64;
	assert_verdict(&one, EVC_VERDICT_PCR_DIFFERS);
	one.expect.policy.set = 1u << 31;
	assert_verdict(&one, EVC_VERDICT_PCR_MISSING);
	close_case(&one);
}

static EvcVerdict
debug_verdict(uint32_t there, uint32_t zero, bool allowed)
{
	EvcVerdict verdict;
	Case one;

	attest_spec(&one.spec);
	one.spec.pcrs = there;
	one.spec.zero = zero;
	attest_make(&one.spec, &one.buf, &one.expect);
	one.expect.policy.set = 1u << 8;
	one.expect.debug_allowed = allowed;
	verdict = evc_attest_verify(help_buf_bytes(&one.buf), &one.expect, &one.attested);
	close_case(&one);
	return verdict;
}

/* Also where the policy does not name the first three. */
static void
debug_mode(void **state)
{
	(void) state;
	for (uint32_t zero = 1; zero < 8; zero++)
	{
		assert_int_equal(debug_verdict(0xffff, zero, false), EVC_VERDICT_DEBUG);
		assert_int_equal(debug_verdict(0xffff, zero, true), EVC_VERDICT_GOOD);
	}
	assert_int_equal(debug_verdict(0xffff, 0x78, false), EVC_VERDICT_GOOD);
	for (int i = 0; i < 3; i++)
	{
		uint32_t there = 0xffff & ~(1u << i);

		assert_int_equal(debug_verdict(there, 0, false), EVC_VERDICT_PCR_MISSING);
		assert_int_equal(debug_verdict(there, 0, true), EVC_VERDICT_GOOD);
	}
	assert_int_equal(debug_verdict(0xff, 0, false), EVC_VERDICT_PCR_MISSING);
}

#define HEX32 "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define HEX16 "00112233445566778899aabbccddeeff"

static void
assert_policy(const char *text, uint32_t set)
{
	EvcPcrPolicy policy;
	const char *trouble = evc_pcr_policy_read(&policy, text);

	if (trouble != NULL)
		fail_msg("%s: %s", text, trouble);
	assert_int_equal(policy.set, set);
}

static void
texts_of_policies(void **state)
{
	EvcPcrPolicy policy;

	(void) state;
	assert_policy("", 0);
	assert_policy(" \t\n", 0);
	assert_policy("0=" HEX32, 1);
	assert_policy(" 31=" HEX32 HEX16 " ,\n8=" HEX32 HEX32 "\t", 1u << 31 | 1u << 8);
	assert_null(evc_pcr_policy_read(&policy, "10=" HEX32));
	assert_int_equal(policy.lengths[10], 32);
	assert_int_equal(policy.values[10][0], 0x01);
	assert_int_equal(policy.values[10][15], 0xef);
	assert_int_equal(policy.values[10][23], 0xef);
}

static void
texts_that_are_none(void **state)
{
	static const char *const texts[] = {
		"x",
		"0",
		"0=",
		"=" HEX32,
		"32=" HEX32,
		"-1=" HEX32,
		"+1=" HEX32,
		"00=" HEX32,
		"007=" HEX32,
		"0 =" HEX32,
		"0= " HEX32,
		"0=0x" HEX32,
		"0=" HEX16,
		"0=" HEX32 "0",
		"0=" HEX32 "00",
		"0=" HEX32 HEX32 "00",
		"0=g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"0=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
		"0=" HEX32 ",",
		",0=" HEX32,
		"0=" HEX32 ",,1=" HEX32,
		"0=" HEX32 " 1=" HEX32,
		"0=" HEX32 ";1=" HEX32,
		"0=" HEX32 ",0=" HEX32,
		",",
	};
	EvcPcrPolicy policy;

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (evc_pcr_policy_read(&policy, texts[i]) == NULL)
			fail_msg("taken: %s", texts[i]);
}

static void
texts_at_the_limit(void **state)
{
	char *text = malloc(EVC_PCR_TEXT_MAX + 2);
	EvcPcrPolicy policy;
	size_t len = 0;

	(void) state;
	for (int i = 0; i < EVC_PCRS_MAX; i++)
		len += (size_t) snprintf(text + len, EVC_PCR_TEXT_MAX - len, "%s%d=" HEX32 HEX32,
								 i > 0 ? "," : "", i);
	memset(text + len, ' ', EVC_PCR_TEXT_MAX - len);
	text[EVC_PCR_TEXT_MAX] = '\0';
	assert_null(evc_pcr_policy_read(&policy, text));
	assert_int_equal(policy.set, UINT32_MAX);
	memcpy(text + EVC_PCR_TEXT_MAX, " ", 2);
	assert_non_null(evc_pcr_policy_read(&policy, text));
	free(text);
}

/* A root file of the test's own. */
static void
write_root(const char *path, int count, size_t blanks)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	X509 *certificate = X509_new();
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_sha384());
	for (int i = 0; i < count; i++)
		PEM_write_X509(file, certificate);
	while (blanks > 0 && (size_t) ftell(file) < blanks)
		fputc('\n', file);
	assert_int_equal(fclose(file), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void
files_of_roots(void **state)
{
	char dir[PATH_MAX];
	uint8_t pin[EVC_PIN_LEN];
	const char *path;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "root.pem", 0);
	assert_string_equal(evc_root_read(path, pin), EVC_ROOT_UNREADABLE);
	assert_string_equal(evc_root_read(dir, pin), "is not a file");
	write_root(path, 1, 0);
	assert_null(evc_root_read(path, pin));
	write_root(path, 0, 0);
	assert_string_equal(evc_root_read(path, pin), "has no certificate in PEM");
	write_root(path, 2, 0);
	assert_string_equal(evc_root_read(path, pin), "has more than one certificate");
	write_root(path, 1, EVC_ROOT_FILE_MAX);
	assert_null(evc_root_read(path, pin));
	write_root(path, 1, EVC_ROOT_FILE_MAX + 1);
	assert_string_equal(evc_root_read(path, pin), "is longer than 16384 bytes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_that_was_made_before),
		cmocka_unit_test(nothing_is_expected),
		cmocka_unit_test(age_at_its_ends),
		cmocka_unit_test(another_nonce_or_binding),
		cmocka_unit_test(measurements_that_differ),
		cmocka_unit_test(debug_mode),
		cmocka_unit_test(texts_of_policies),
		cmocka_unit_test(texts_that_are_none),
		cmocka_unit_test(texts_at_the_limit),
		cmocka_unit_test(files_of_roots),
	};

	return cmocka_run_group_tests_name("attest_policy", tests, NULL, NULL);
}
