/*
 * unit/attest_unsigned_test.c
 *	  Documents that nobody has signed, as the NSM of an emulator makes them: refused,
 *	  unless the one switch for them is on; and what that switch does not open.
 */
#include "attest_help.h"

#define ZERO_SIGNATURE_LEN 64

typedef struct Case
{
	EvwBuf buf;
	EvcExpectations expect;
	EvcAttested attested;
} Case;

static void
emulated_spec(AttestSpec *spec)
{
	attest_spec(spec);
	spec->emulated = true;
	spec->protected_bytes = BYTES("\xa1\x01\x20");
	spec->signature_len = ZERO_SIGNATURE_LEN;
}

/* The verdict with the switch on. */
static EvcVerdict
judge(Case *one, const AttestSpec *spec)
{
	attest_make(spec, &one->buf, &one->expect);
	one->expect.unchecked = EVC_UNCHECKED_SIGNATURE;
	return evc_attest_verify(help_buf_bytes(&one->buf), &one->expect, &one->attested);
}

static EvcVerdict
verdict_of(const AttestSpec *spec)
{
	Case one;
	EvcVerdict verdict = judge(&one, spec);

	help_buf_free(&one.buf);
	return verdict;
}

static void
the_switch(void **state)
{
	AttestSpec spec;
	Case one;

	(void) state;
	emulated_spec(&spec);
	assert_int_equal(judge(&one, &spec), EVC_VERDICT_GOOD);
	assert_true(one.attested.is_unsigned);
	assert_int_equal(one.attested.expires, ATTEST_NOW + EVC_UNSIGNED_LIFE);
	one.expect.unchecked = EVC_UNCHECKED_NONCE | EVC_UNCHECKED_BINDING;
	assert_int_equal(evc_attest_verify(help_buf_bytes(&one.buf), &one.expect,
									   &one.attested),
					 EVC_VERDICT_ALGORITHM);
	assert_false(one.attested.is_unsigned);
	help_buf_free(&one.buf);
}

/* What nobody has signed is checked for all that can be checked without. */
static void
other_rules_hold(void **state)
{
	AttestSpec spec;
	Case one;

	(void) state;
	emulated_spec(&spec);
	spec.timestamp_ms -= (EVC_AGE_MAX + EVC_SKEW_DEFAULT) * UINT64_C(1000) + 1;
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_STALE);
	emulated_spec(&spec);
	spec.field = (AttestField){"nonce", BYTES("\x41x")};
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_NONCE);
	spec.field = (AttestField){"user_data", BYTES("\x41x")};
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_BINDING);
	spec.field = (AttestField){"user_data", BYTES("\xf6")};
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_BINDING_MISSING);
	emulated_spec(&spec);
	spec.zero = 7;
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_DEBUG);
	spec.zero = 8;
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_PCR_DIFFERS);
	emulated_spec(&spec);
	spec.after = BYTES("\x00");
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_TRAILING_BYTES);

	emulated_spec(&spec);
	assert_int_equal(judge(&one, &spec), EVC_VERDICT_GOOD);
	one.expect.policy.set = 0;
	assert_int_equal(evc_attest_verify(help_buf_bytes(&one.buf), &one.expect,
									   &one.attested),
					 EVC_VERDICT_POLICY_EMPTY);
	help_buf_free(&one.buf);
}

/* Any byte of a signature or certificate, or another form, and it is a document like
 * others. */
static void
signed_documents_are_checked(void **state)
{
	AttestSpec spec;
	Case one;

	(void) state;
	attest_spec(&spec);
	assert_int_equal(judge(&one, &spec), EVC_VERDICT_GOOD);
	assert_false(one.attested.is_unsigned);
	assert_int_equal(one.attested.expires, ATTEST_NOW + ATTEST_HOUR);
	one.expect.root[0] ^= 1;
	assert_int_equal(evc_attest_verify(help_buf_bytes(&one.buf), &one.expect,
									   &one.attested),
					 EVC_VERDICT_ROOT);
	help_buf_free(&one.buf);
	spec.flip_signature = EVC_ES384_LEN - 1;
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_SIGNATURE);

	emulated_spec(&spec);
	spec.flip_signature = ZERO_SIGNATURE_LEN - 1;
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_ALGORITHM);
	emulated_spec(&spec);
	spec.field = (AttestField){"certificate", BYTES("\x42\x00\x01")};
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_ALGORITHM);
	spec.field = (AttestField){"cabundle", BYTES("\x82\x41\x00\x41\x01")};
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_ALGORITHM);
	spec.field = (AttestField){"digest", BYTES("\x66SHA512")};
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_ALGORITHM);
	emulated_spec(&spec);
	spec.protected_bytes = BYTES("\xa1\x01\x38\x22");
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_SIGNATURE_LENGTH);
	spec.signature_len = EVC_ES384_LEN;
	assert_int_equal(verdict_of(&spec), EVC_VERDICT_ROOT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_switch),
		cmocka_unit_test(other_rules_hold),
		cmocka_unit_test(signed_documents_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
