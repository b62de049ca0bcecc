/*
 * unit/attest_chain_test.c
 *	  Certificates that break a rule, each in a chain that is otherwise good.
 */
#include "attest_help.h"

#include <string.h>

static EvcVerdict
verdict_at(const AttestSpec *spec, int64_t now, uint32_t skew_s, int64_t *expires)
{
	EvcExpectations expect;
	EvcAttested attested;
	EvcVerdict verdict;
	EvwBuf buf;

	attest_make(spec, &buf, &expect);
	expect.now = now;
	expect.skew_s = skew_s;
	verdict = evc_attest_verify(help_buf_bytes(&buf), &expect, &attested);
	*expires = attested.expires;
	help_buf_free(&buf);
	return verdict;
}

static void
assert_verdict(const char *what, const AttestSpec *spec, EvcVerdict shall)
{
	int64_t expires;
	EvcVerdict is = verdict_at(spec, ATTEST_NOW, EVC_SKEW_DEFAULT, &expires);

	if (is != shall)
		fail_msg("%s: %s instead of %s", what, evc_verdict_name(is),
				 evc_verdict_name(shall));
}

static void
keys_on_other_curves(void **state)
{
	static const struct
	{
		const char *curve;
		EvcVerdict verdict;
	} curves[] = {
		{"P-521", EVC_VERDICT_CERTIFICATE_P521},
		{"P-256", EVC_VERDICT_CERTIFICATE_KEY},
		{"secp256k1", EVC_VERDICT_CERTIFICATE_KEY},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		for (int which = 0; which < ATTEST_CERTIFICATES; which++)
		{
			AttestSpec spec;

			attest_spec(&spec);
			spec.certificates[which].curve = curves[i].curve;
			assert_verdict(curves[i].curve, &spec, curves[i].verdict);
		}
}

static void
certificates_signed_otherwise(void **state)
{
	(void) state;
	for (int which = 0; which < ATTEST_CERTIFICATES; which++)
	{
		AttestSpec spec;

		attest_spec(&spec);
		spec.certificates[which].digest = EVP_sha256;
		assert_verdict("SHA-256", &spec, EVC_VERDICT_CERTIFICATE_ALGORITHM);
		attest_spec(&spec);
		spec.certificates[which].forged = true;
		assert_verdict("forged", &spec, EVC_VERDICT_CERTIFICATE_SIGNATURE);
		attest_spec(&spec);
		spec.certificates[which].issuer = "somebody";
		assert_verdict("issuer", &spec, EVC_VERDICT_ISSUER);
		attest_spec(&spec);
		spec.certificates[which].extra_bytes = 1;
		assert_verdict("trailing byte", &spec, EVC_VERDICT_CERTIFICATE);
	}
}

/* Every certificate to the second, with the skew and without. */
static void
validity_at_its_ends(void **state)
{
	static const struct
	{
		int64_t now;
		uint32_t skew;
		EvcVerdict verdict;
	} cases[] = {
		{ATTEST_NOW - 10, 0, EVC_VERDICT_GOOD},
		{ATTEST_NOW - 11, 0, EVC_VERDICT_NOT_YET_VALID},
		{ATTEST_NOW + 20, 0, EVC_VERDICT_GOOD},
		{ATTEST_NOW + 21, 0, EVC_VERDICT_EXPIRED},
		{ATTEST_NOW - 20, 10, EVC_VERDICT_GOOD},
		{ATTEST_NOW - 21, 10, EVC_VERDICT_NOT_YET_VALID},
		{ATTEST_NOW + 30, 10, EVC_VERDICT_GOOD},
		{ATTEST_NOW + 31, 10, EVC_VERDICT_EXPIRED},
	};
	int64_t expires;

	(void) state;
	for (int which = 0; which < ATTEST_CERTIFICATES; which++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		{
			AttestSpec spec;
			EvcVerdict verdict;

			attest_spec(&spec);
			spec.certificates[which].from = ATTEST_NOW - 10;
			spec.certificates[which].to = ATTEST_NOW + 20;
			/* So that the clock alone decides. */
			spec.timestamp_ms = (uint64_t) cases[i].now * 1000;
			verdict = verdict_at(&spec, cases[i].now, cases[i].skew, &expires);
			assert_string_equal(evc_verdict_name(verdict),
								evc_verdict_name(cases[i].verdict));
			if (verdict == EVC_VERDICT_GOOD)
				assert_int_equal(expires, ATTEST_NOW + 20);
		}
}

/* Years that 32 bits, or GeneralizedTime alone, hold. */
static void
times_far_away(void **state)
{
	AttestSpec spec;

	(void) state;
	attest_spec(&spec);
	for (int i = 0; i < ATTEST_CERTIFICATES; i++)
	{
		spec.certificates[i].from = INT64_C(-1500000000);
		spec.certificates[i].to = INT64_C(4300000000);
	}
	assert_verdict("1922 to 2106", &spec, EVC_VERDICT_GOOD);
	spec.certificates[0].to = INT64_C(253402300799);
	assert_verdict("9999", &spec, EVC_VERDICT_GOOD);
	spec.certificates[0].from = INT64_C(2200000000);
	assert_verdict("2039", &spec, EVC_VERDICT_NOT_YET_VALID);
}

static void
authorities_that_are_none(void **state)
{
	AttestSpec spec;

	(void) state;
	for (int which = 0; which < ATTEST_LEAF; which++)
	{
		static const char *const none[] = {NULL, "critical,CA:FALSE", "CA:TRUE"};

		for (int i = 0; i < 3; i++)
		{
			attest_spec(&spec);
			spec.certificates[which].basic = none[i];
			assert_verdict("BasicConstraints", &spec, EVC_VERDICT_NOT_AN_AUTHORITY);
		}
		attest_spec(&spec);
		spec.certificates[which].usage = NULL;
		assert_verdict("no usage", &spec, EVC_VERDICT_AUTHORITY_USAGE);
		spec.certificates[which].usage = "critical,digitalSignature,cRLSign";
		assert_verdict("another usage", &spec, EVC_VERDICT_AUTHORITY_USAGE);
	}
}

static void
chains_that_are_too_long(void **state)
{
	static const char *const basic[] = {"critical,CA:TRUE,pathlen:0",
										"critical,CA:TRUE,pathlen:1",
										"critical,CA:TRUE,pathlen:2"};
	AttestSpec spec;

	(void) state;
	/* Below the root there are two authorities, below the next there is one. */
	for (int length = 0; length < 3; length++)
		for (int which = 0; which < ATTEST_LEAF; which++)
		{
			attest_spec(&spec);
			spec.certificates[which].basic = basic[length];
			assert_verdict(basic[length], &spec,
						   length >= 2 - which ? EVC_VERDICT_GOOD
											   : EVC_VERDICT_PATH_LENGTH);
		}
}

static void
signers_that_may_not_sign(void **state)
{
	AttestSpec spec;

	(void) state;
	attest_spec(&spec);
	spec.certificates[ATTEST_LEAF].basic = "critical,CA:TRUE";
	spec.certificates[ATTEST_LEAF].usage = "critical,keyCertSign,digitalSignature";
	spec.certificates[2].basic = "critical,CA:TRUE";
	spec.certificates[1].basic = "critical,CA:TRUE";
	assert_verdict("authority", &spec, EVC_VERDICT_LEAF_AUTHORITY);
	attest_spec(&spec);
	spec.certificates[ATTEST_LEAF].usage = NULL;
	assert_verdict("no usage", &spec, EVC_VERDICT_LEAF_USAGE);
	spec.certificates[ATTEST_LEAF].usage = "critical,keyAgreement";
	assert_verdict("another usage", &spec, EVC_VERDICT_LEAF_USAGE);
	attest_spec(&spec);
	spec.certificates[ATTEST_LEAF].basic = NULL;
	assert_verdict("no BasicConstraints", &spec, EVC_VERDICT_GOOD);
}

static void
what_openssl_alone_knows(void **state)
{
	(void) state;
	for (int which = 1; which < ATTEST_CERTIFICATES; which++)
	{
		AttestSpec spec;

		attest_spec(&spec);
		spec.certificates[which].other = "x";
		assert_verdict("critical extension", &spec, EVC_VERDICT_CHAIN);
	}
}

static void
bundles_that_are_not_whole(void **state)
{
	AttestSpec spec;

	(void) state;
	for (int sent = 1; sent < ATTEST_LEAF; sent++)
	{
		attest_spec(&spec);
		spec.n_authorities_sent = sent;
		assert_verdict("an authority is missing", &spec, EVC_VERDICT_ISSUER);
	}
	/* The leaf has a pinned certificate to vouch for it: the shortest chain there is. */
	attest_spec(&spec);
	spec.n_authorities_sent = 1;
	spec.certificates[ATTEST_LEAF].issuer = "root";
	assert_verdict("names the root, signed by another", &spec,
				   EVC_VERDICT_CERTIFICATE_SIGNATURE);
}

/* Of two chains that say the same, one is pinned. */
static void
another_root_of_the_same_name(void **state)
{
	EvcExpectations first;
	EvcExpectations second;
	EvcAttested attested;
	EvwBuf documents[2];
	AttestSpec spec;

	(void) state;
	attest_spec(&spec);
	attest_make(&spec, &documents[0], &first);
	attest_make(&spec, &documents[1], &second);
	assert_int_equal(evc_attest_verify(help_buf_bytes(&documents[1]), &second, &attested),
					 EVC_VERDICT_GOOD);
	assert_int_equal(evc_attest_verify(help_buf_bytes(&documents[1]), &first, &attested),
					 EVC_VERDICT_ROOT);
	assert_int_equal(attested.expires, 0);
	help_buf_free(&documents[0]);
	help_buf_free(&documents[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_on_other_curves),
		cmocka_unit_test(certificates_signed_otherwise),
		cmocka_unit_test(validity_at_its_ends),
		cmocka_unit_test(times_far_away),
		cmocka_unit_test(authorities_that_are_none),
		cmocka_unit_test(chains_that_are_too_long),
		cmocka_unit_test(signers_that_may_not_sign),
		cmocka_unit_test(what_openssl_alone_knows),
		cmocka_unit_test(bundles_that_are_not_whole),
		cmocka_unit_test(another_root_of_the_same_name),
	};

	return cmocka_run_group_tests_name("attest_chain", tests, NULL, NULL);
}
