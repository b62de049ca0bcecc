/*
 * unit/attest_test.c
 *	  Documents of the test's own authority: the good ones are accepted, and each rule
 *	  that is broken, alone and in a document that is signed as it is, has its verdict.
 */
#include "attest_help.h"

#include <stdlib.h>
#include <string.h>

static EvcVerdict
verdict_of(const AttestSpec *spec)
{
	EvcExpectations expect;
	EvcAttested attested;
	EvwBytes document;
	EvcVerdict verdict;
	EvwBuf buf;

	attest_make(spec, &buf, &expect);
	document = help_exact(help_buf_bytes(&buf));
	verdict = evc_attest_verify(document, &expect, &attested);
	help_release(document);
	help_buf_free(&buf);
	return verdict;
}

static void
assert_verdict(const char *what, EvcVerdict is, EvcVerdict shall)
{
	if (is != shall)
		fail_msg("%s: %s instead of %s", what, evc_verdict_name(is),
				 evc_verdict_name(shall));
}

static int n_broken;

/* One more document that breaks a rule. */
static void
assert_refused(const char *what, const AttestSpec *spec, EvcVerdict shall)
{
	assert_verdict(what, verdict_of(spec), shall);
	n_broken++;
}

static void
good_documents(void **state)
{
	AttestSpec spec;

	(void) state;
	attest_spec(&spec);
	assert_verdict("as it is", verdict_of(&spec), EVC_VERDICT_GOOD);
	spec.open = true;
	assert_verdict("indefinite payload", verdict_of(&spec), EVC_VERDICT_GOOD);
	spec.head = BYTES("\xd2\x84");
	assert_verdict("tagged", verdict_of(&spec), EVC_VERDICT_GOOD);
	spec.field = (AttestField){"public_key", {NULL, 0}};
	assert_verdict("without a key", verdict_of(&spec), EVC_VERDICT_GOOD);
	spec.pcrs = UINT32_MAX;
	assert_verdict("32 PCRs", verdict_of(&spec), EVC_VERDICT_GOOD);
}

typedef struct FieldCase
{
	const char *name;
	EvwBytes raw;
	EvcVerdict verdict;
} FieldCase;

#define ABSENT                                                                           \
	{                                                                                    \
		NULL, 0                                                                          \
	}
/* A literal in a table. */
#define RAW(literal)                                                                     \
	{                                                                                    \
		(const uint8_t *) (literal), sizeof(literal) - 1                                 \
	}

static const FieldCase field_cases[] = {
	{"module_id", ABSENT, EVC_VERDICT_MISSING_FIELD},
	{"digest", ABSENT, EVC_VERDICT_MISSING_FIELD},
	{"timestamp", ABSENT, EVC_VERDICT_MISSING_FIELD},
	{"pcrs", ABSENT, EVC_VERDICT_MISSING_FIELD},
	{"certificate", ABSENT, EVC_VERDICT_MISSING_FIELD},
	{"cabundle", ABSENT, EVC_VERDICT_MISSING_FIELD},
	{"nonce", ABSENT, EVC_VERDICT_NONCE_MISSING},
	{"user_data", ABSENT, EVC_VERDICT_BINDING_MISSING},
	{"module_id", RAW("\xf6"), EVC_VERDICT_FIELD_KIND},
	{"module_id", RAW("\x41x"), EVC_VERDICT_FIELD_KIND},
	{"module_id", RAW("\x60"), EVC_VERDICT_FIELD_LENGTH},
	{"module_id", RAW("\x61\n"), EVC_VERDICT_FIELD_KIND},
	{"module_id", RAW("\x61\xff"), EVC_VERDICT_FIELD_KIND},
	{"digest", RAW("\x66SHA512"), EVC_VERDICT_DIGEST},
	{"digest", RAW("\x66sha384"), EVC_VERDICT_DIGEST},
	{"timestamp", RAW("\x00"), EVC_VERDICT_TIMESTAMP},
	{"timestamp", RAW("\x1b\x00\x00\xe6\x77\xd2\x1f\xdc\x00"), EVC_VERDICT_TIMESTAMP},
	{"timestamp", RAW("\x20"), EVC_VERDICT_FIELD_KIND},
	{"timestamp", RAW("\xf9\x3c\x00"), EVC_VERDICT_FIELD_KIND},
	{"timestamp", RAW("\x1b\x00\x00\x00\x00\x65\x53\xf1\x00"), EVC_VERDICT_NOT_SHORTEST},
	{"pcrs", RAW("\xa0"), EVC_VERDICT_PCR_COUNT},
	{"pcrs", RAW("\xb8\x21"), EVC_VERDICT_PCR_COUNT},
	{"pcrs", RAW("\x80"), EVC_VERDICT_FIELD_KIND},
	{"pcrs", RAW("\xbf\xff"), EVC_VERDICT_FIELD_KIND},
	{"pcrs", RAW("\xa1\x18\x20\x41x"), EVC_VERDICT_PCR_INDEX},
	{"pcrs", RAW("\xa1\x20\x41x"), EVC_VERDICT_PCR_INDEX},
	{"pcrs", RAW("\xa1\x61\x30\x41x"), EVC_VERDICT_PCR_INDEX},
	{"pcrs", RAW("\xa1\x00\x41x"), EVC_VERDICT_PCR_LENGTH},
	{"pcrs",
	 RAW("\xa1\x00\x58\x21"
		 "0123456789abcdef0123456789abcdefg"),
	 EVC_VERDICT_PCR_LENGTH},
	{"pcrs",
	 RAW("\xa2\x00\x58\x20"
		 "0123456789abcdef0123456789abcdef"
		 "\x00\x58\x20"
		 "0123456789abcdef0123456789abcdef"),
	 EVC_VERDICT_DUPLICATE_KEY},
	{"pcrs",
	 RAW("\xa1\x00\x58\x20"
		 "0123456789abcdef0123456789abcdef"),
	 EVC_VERDICT_PCR_MISSING},
	{"certificate", RAW("\x40"), EVC_VERDICT_FIELD_LENGTH},
	{"certificate", RAW("\x41x"), EVC_VERDICT_CERTIFICATE},
	{"certificate", RAW("\x61x"), EVC_VERDICT_FIELD_KIND},
	{"cabundle", RAW("\x80"), EVC_VERDICT_BUNDLE_COUNT},
	{"cabundle", RAW("\x89"), EVC_VERDICT_BUNDLE_COUNT},
	{"cabundle", RAW("\x81\x40"), EVC_VERDICT_FIELD_LENGTH},
	{"cabundle", RAW("\x81\x41x"), EVC_VERDICT_ROOT},
	{"cabundle", RAW("\x9f\x41x\xff"), EVC_VERDICT_INDEFINITE},
	{"public_key", RAW("\x40"), EVC_VERDICT_FIELD_LENGTH},
	{"public_key", RAW("\x61x"), EVC_VERDICT_FIELD_KIND},
	{"public_key", RAW("\xf7"), EVC_VERDICT_FIELD_KIND},
	{"public_key", RAW("\x5f\x41x\xff"), EVC_VERDICT_INDEFINITE},
	{"user_data", RAW("\xf6"), EVC_VERDICT_BINDING_MISSING},
	{"user_data", RAW("\x40"), EVC_VERDICT_BINDING},
	{"user_data", RAW("\x58\x20what binds it to the connectioN\0"), EVC_VERDICT_BINDING},
	{"user_data", RAW("\x58\x1fwhat binds it to the connection"), EVC_VERDICT_BINDING},
	{"nonce", RAW("\xf6"), EVC_VERDICT_NONCE_MISSING},
	{"nonce", RAW("\x40"), EVC_VERDICT_NONCE},
	{"nonce", RAW("\x58\x20nonce of thirty-two bytes, oncE\0"), EVC_VERDICT_NONCE},
	{"nonce", RAW("\x58\x1fnonce of thirty-two bytes, once"), EVC_VERDICT_NONCE},
	{"nonce", RAW("\x79\x00\x01x"), EVC_VERDICT_NOT_SHORTEST},
	{"nonce", RAW("\x1c"), EVC_VERDICT_MALFORMED},
	{"nonce", RAW("\x58\x20short"), EVC_VERDICT_TRUNCATED},
};

static void
fields_that_are_wrong(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(field_cases) / sizeof(field_cases[0]); i++)
	{
		AttestSpec spec;

		attest_spec(&spec);
		spec.field = (AttestField){field_cases[i].name, field_cases[i].raw};
		assert_refused(field_cases[i].name, &spec, field_cases[i].verdict);
	}
}

/* Raw pairs beside the fields. */
static void
maps_that_are_wrong(void **state)
{
	static const struct
	{
		const char *what;
		EvwBytes more;
		size_t n_more;
		EvcVerdict verdict;
	} cases[] = {
		{"unknown field", RAW("\x65other\xf6"), 1, EVC_VERDICT_UNKNOWN_FIELD},
		{"digest twice",
		 RAW("\x66"
			 "digest\x66SHA384"),
		 1, EVC_VERDICT_DUPLICATE_KEY},
		{"nonce twice", RAW("\x65nonce\xf6"), 1, EVC_VERDICT_DUPLICATE_KEY},
		{"number as key", RAW("\x01\xf6"), 1, EVC_VERDICT_NOT_A_MAP},
		{"bytes as key", RAW("\x45nonce\xf6"), 1, EVC_VERDICT_NOT_A_MAP},
		{"pair missing", RAW(""), 1, EVC_VERDICT_TRUNCATED},
		{"value missing", RAW("\x65other"), 1, EVC_VERDICT_UNKNOWN_FIELD},
		{"pair not counted", RAW("\x65nonce\xf6"), 0, EVC_VERDICT_TRAILING_BYTES},
		{"break in a counted map", RAW("\xff"), 1, EVC_VERDICT_NOT_A_MAP},
	};
	AttestSpec spec;

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		attest_spec(&spec);
		spec.more = cases[i].more;
		spec.n_more = cases[i].n_more;
		assert_refused(cases[i].what, &spec, cases[i].verdict);
	}
	attest_spec(&spec);
	spec.open = true;
	spec.after_payload = BYTES("\xff");
	assert_refused("two breaks", &spec, EVC_VERDICT_TRAILING_BYTES);
	attest_spec(&spec);
	spec.payload_len = 1;
	assert_refused("no map", &spec, EVC_VERDICT_NOT_A_MAP);
}

static void
envelopes_that_are_wrong(void **state)
{
	static const struct
	{
		const char *what;
		EvwBytes head;
		EvwBytes protected_bytes;
		EvwBytes unprotected;
		EvwBytes after;
		EvcVerdict verdict;
	} cases[] = {
#define HEAD RAW("\x84")
#define ES384 RAW("\xa1\x01\x38\x22")
#define NONE RAW("\xa0")
		{"three", RAW("\x83"), ES384, NONE, RAW(""), EVC_VERDICT_NOT_COSE_SIGN1},
		{"five", RAW("\x85"), ES384, NONE, RAW("\xf6"), EVC_VERDICT_NOT_COSE_SIGN1},
		{"COSE_Mac0", RAW("\xd1\x84"), ES384, NONE, RAW(""), EVC_VERDICT_NOT_COSE_SIGN1},
		{"two tags", RAW("\xd2\xd2\x84"), ES384, NONE, RAW(""),
		 EVC_VERDICT_NOT_COSE_SIGN1},
		{"open array", RAW("\x9f"), ES384, NONE, RAW("\xff"), EVC_VERDICT_INDEFINITE},
		{"long head", RAW("\x98\x04"), ES384, NONE, RAW(""), EVC_VERDICT_NOT_SHORTEST},
		{"long tag", RAW("\xd8\x12\x84"), ES384, NONE, RAW(""), EVC_VERDICT_NOT_SHORTEST},
		{"trailing byte", HEAD, ES384, NONE, RAW("\x00"), EVC_VERDICT_TRAILING_BYTES},
		{"ES256", HEAD, RAW("\xa1\x01\x26"), NONE, RAW(""), EVC_VERDICT_ALGORITHM},
		{"ES512", HEAD, RAW("\xa1\x01\x38\x23"), NONE, RAW(""),
		 EVC_VERDICT_ALGORITHM_P521},
		{"HMAC", HEAD, RAW("\xa1\x01\x05"), NONE, RAW(""), EVC_VERDICT_ALGORITHM},
		{"named", HEAD,
		 RAW("\xa1\x01\x65"
			 "ES384"),
		 NONE, RAW(""), EVC_VERDICT_ALGORITHM},
		{"empty header", HEAD, RAW("\xa0"), NONE, RAW(""), EVC_VERDICT_PROTECTED_HEADER},
		{"key id too", HEAD, RAW("\xa2\x01\x38\x22\x04\x41x"), NONE, RAW(""),
		 EVC_VERDICT_PROTECTED_HEADER},
		{"byte after", HEAD, RAW("\xa1\x01\x38\x22\x00"), NONE, RAW(""),
		 EVC_VERDICT_PROTECTED_HEADER},
		{"another key", HEAD, RAW("\xa1\x02\x38\x22"), NONE, RAW(""),
		 EVC_VERDICT_PROTECTED_HEADER},
		{"open header", HEAD, RAW("\xbf\x01\x38\x22\xff"), NONE, RAW(""),
		 EVC_VERDICT_PROTECTED_HEADER},
		{"no header", HEAD, RAW(""), NONE, RAW(""), EVC_VERDICT_TRUNCATED},
		{"unprotected", HEAD, ES384, RAW("\xa1\x01\x38\x22"), RAW(""),
		 EVC_VERDICT_UNPROTECTED_HEADER},
		{"open unprotected", HEAD, ES384, RAW("\xbf\xff"), RAW(""),
		 EVC_VERDICT_UNPROTECTED_HEADER},
		{"null unprotected", HEAD, ES384, RAW("\xf6"), RAW(""),
		 EVC_VERDICT_NOT_COSE_SIGN1},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AttestSpec spec;

		attest_spec(&spec);
		spec.head = cases[i].head;
		spec.protected_bytes = cases[i].protected_bytes;
		spec.unprotected = cases[i].unprotected;
		spec.after = cases[i].after;
		assert_refused(cases[i].what, &spec, cases[i].verdict);
	}
}

static void
signatures_that_are_wrong(void **state)
{
	static const size_t lengths[] = {0, 64, 95, 97, 104, 132};
	AttestSpec spec;

	(void) state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		attest_spec(&spec);
		spec.signature_len = lengths[i];
		assert_refused("length", &spec, EVC_VERDICT_SIGNATURE_LENGTH);
	}
	for (int i = 0; i < EVC_ES384_LEN; i += 19)
	{
		attest_spec(&spec);
		spec.flip_signature = i;
		assert_refused("bit", &spec, EVC_VERDICT_SIGNATURE);
	}
	attest_spec(&spec);
	spec.other_signer = true;
	assert_refused("another key", &spec, EVC_VERDICT_SIGNATURE);
}

static void
documents_at_the_limits(void **state)
{
	EvcExpectations expect;
	EvcAttested attested;
	EvwBuf buf;
	AttestSpec spec;
	uint8_t *bytes;

	(void) state;
	attest_spec(&spec);
	spec.payload_len = EVC_PAYLOAD_MAX;
	assert_refused("longest payload", &spec, EVC_VERDICT_NOT_A_MAP);
	spec.payload_len = EVC_PAYLOAD_MAX + 1;
	assert_refused("longer payload", &spec, EVC_VERDICT_PAYLOAD_TOO_LONG);
	attest_spec(&spec);
	attest_make(&spec, &buf, &expect);
	bytes = calloc(1, EVW_EVIDENCE_MAX + 1);
	memcpy(bytes, buf.data, buf.len);
	assert_verdict("longest",
				   evc_attest_verify((EvwBytes){bytes, EVW_EVIDENCE_MAX}, &expect,
									 &attested),
				   EVC_VERDICT_TRAILING_BYTES);
	assert_verdict("longer",
				   evc_attest_verify((EvwBytes){bytes, EVW_EVIDENCE_MAX + 1}, &expect,
									 &attested),
				   EVC_VERDICT_TOO_LONG);
	assert_verdict("nothing", evc_attest_verify((EvwBytes){NULL, 0}, &expect, &attested),
				   EVC_VERDICT_TRUNCATED);
	free(bytes);
	help_buf_free(&buf);
}

/* A field of so many bytes, or a text; help_release frees it. */
static EvwBytes
long_string(uint8_t kind, size_t len)
{
	uint8_t *bytes = calloc(1, len + 3);
	size_t head = len > UINT8_MAX ? 3 : 2;

	memset(bytes, 'x', len + 3);
	bytes[0] = (uint8_t) (kind | (head == 3 ? 25 : 24));
	bytes[1] = head == 3 ? (uint8_t) (len >> 8) : (uint8_t) len;
	if (head == 3)
		bytes[2] = (uint8_t) len;
	return (EvwBytes){bytes, len + head};
}

static void
fields_at_the_limits(void **state)
{
	/* What the longest that may be there leads to; one byte more is FIELD_LENGTH. */
	static const struct
	{
		const char *name;
		uint8_t kind;
		size_t max;
		EvcVerdict verdict;
	} cases[] = {
		{"module_id", 0x60, EVC_MODULE_ID_MAX, EVC_VERDICT_GOOD},
		{"certificate", 0x40, EVC_CERTIFICATE_MAX, EVC_VERDICT_CERTIFICATE},
		{"public_key", 0x40, EVC_FIELD_MAX, EVC_VERDICT_GOOD},
		{"user_data", 0x40, EVC_FIELD_MAX, EVC_VERDICT_BINDING},
		{"nonce", 0x40, EVC_FIELD_MAX, EVC_VERDICT_NONCE},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t over = 0; over < 2; over++)
		{
			EvwBytes raw = long_string(cases[i].kind, cases[i].max + over);
			AttestSpec spec;

			attest_spec(&spec);
			spec.field = (AttestField){cases[i].name, raw};
			assert_verdict(cases[i].name, verdict_of(&spec),
						   over ? EVC_VERDICT_FIELD_LENGTH : cases[i].verdict);
			help_release(raw);
		}
}

/* No document ends early and is taken for a whole one. */
static void
every_prefix(void **state)
{
	EvcExpectations expect;
	EvcAttested attested;
	EvwBuf buf;
	AttestSpec spec;

	(void) state;
	attest_spec(&spec);
	attest_make(&spec, &buf, &expect);
	for (size_t len = 0; len < buf.len; len++)
	{
		EvwBytes prefix = help_exact((EvwBytes){buf.data, len});

		assert_verdict("prefix", evc_attest_verify(prefix, &expect, &attested),
					   EVC_VERDICT_TRUNCATED);
		assert_null(attested.document.payload.data);
		help_release(prefix);
	}
	help_buf_free(&buf);
}

static void
more_than_forty_were_refused(void **state)
{
	(void) state;
	print_message("documents that break a rule: %d\n", n_broken);
	assert_true(n_broken >= 95);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_documents),
		cmocka_unit_test(fields_that_are_wrong),
		cmocka_unit_test(maps_that_are_wrong),
		cmocka_unit_test(envelopes_that_are_wrong),
		cmocka_unit_test(signatures_that_are_wrong),
		cmocka_unit_test(documents_at_the_limits),
		cmocka_unit_test(fields_at_the_limits),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(more_than_forty_were_refused),
	};

	return cmocka_run_group_tests_name("attest", tests, NULL, NULL);
}
