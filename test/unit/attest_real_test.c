/*
 * unit/attest_real_test.c
 *	  Documents that real enclaves of AWS Nitro made, and Wycheproof's ES384.
 */
#include "e3_help.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/root.h"
#include "attest/signature.h"
#include "attest/verify.h"

#include <openssl/x509.h>

static uint8_t space[EVW_EVIDENCE_MAX];

/* $EVCRYPT_VECTORS/nitro/NAME */
static const char *
path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/nitro/%s", getenv("EVCRYPT_VECTORS"), name);
	return path;
}

static EvwBytes
read_document(const char *name)
{
	FILE *file = fopen(path_of(name), "rb");
	size_t len;

	if (file == NULL)
		fail_msg("no %s", name);
	len = fread(space, 1, sizeof(space), file);
	assert_int_equal(fclose(file), 0);
	return (EvwBytes){space, len};
}

/* Every measurement that the index lists. */
static void
expect_measurements(EvcPcrPolicy *policy, const json_t *about)
{
	const char *index;
	json_t *value;

	json_object_foreach(json_object_get(about, "pcrs"), index, value)
	{
		char text[256];

		snprintf(text, sizeof(text), "%s=%s", index, json_string_value(value));
		assert_null(evc_pcr_policy_add(policy, text, strlen(text)));
	}
}

/* As a client that got the document on its connection, when it was made. */
static void
expect_as_listed(EvcExpectations *expect, const json_t *about)
{
	EvwBytes nonce = help_unhex(help_field(about, "nonce_hex"));
	EvwBytes binding = help_unhex(help_field(about, "user_data_hex"));

	*expect = (EvcExpectations){
		.root_given = true,
		.now = json_integer_value(json_object_get(about, "timestamp_ms")) / 1000 + 1,
		.max_age_s = EVC_AGE_MAX,
		.nonce = nonce,
		.binding = binding,
	};
	memcpy(expect->root, evc_root_nitro, sizeof(expect->root));
	if (nonce.len == 0)
		expect->unchecked |= EVC_UNCHECKED_NONCE;
	if (binding.len == 0)
		expect->unchecked |= EVC_UNCHECKED_BINDING;
	expect_measurements(&expect->policy, about);
}

static void
release(EvcExpectations *expect)
{
	help_release(expect->nonce);
	help_release(expect->binding);
}

static void
assert_verdict_of(const char *name, const EvcExpectations *expect, const char *shall)
{
	EvcAttested attested;
	EvwBytes document = help_exact(read_document(name));
	EvcVerdict verdict = evc_attest_verify(document, expect, &attested);

	if (strcmp(evc_verdict_name(verdict), shall) != 0)
		fail_msg("%s: %s instead of %s", name, evc_verdict_name(verdict), shall);
	help_release(document);
}

/* How it must end at its own time, without permission for debug mode. */
static const char *
verdict_of(const json_t *about)
{
	if (!json_is_true(json_object_get(about, "signature_ok")))
		return "SIGNATURE";
	return json_is_true(json_object_get(about, "debug_mode")) ? "DEBUG" : "GOOD";
}

/* At its own time, today, with debug mode allowed and with one measurement changed. */
static void
try_document(const char *name, const json_t *about)
{
	const char *verdict = verdict_of(about);
	EvcExpectations expect;
	int64_t made;

	expect_as_listed(&expect, about);
	made = expect.now;
	assert_verdict_of(name, &expect, verdict);
	expect.debug_allowed = true;
	assert_verdict_of(name, &expect, strcmp(verdict, "DEBUG") == 0 ? "GOOD" : verdict);
	expect.now = (int64_t) time(NULL);
	expect.skew_s = EVC_SKEW_MAX;
	assert_verdict_of(name, &expect, "EXPIRED");
	expect.now = made - EVC_SKEW_MAX - 3600;
	assert_verdict_of(name, &expect, "NOT_YET_VALID");
	if (strcmp(verdict, "SIGNATURE") != 0)
	{
		expect.now = made + 3600;
		expect.skew_s = 0;
		assert_verdict_of(name, &expect, "STALE");
		expect.now = made;
		expect.policy.values[4][0] ^= 1;
		assert_verdict_of(name, &expect, "PCR_DIFFERS");
	}
	expect.root[0] ^= 1;
	assert_verdict_of(name, &expect, "ROOT");
	release(&expect);
}

static void
real_documents(void **state)
{
	json_t *index = help_wycheproof("nitro/INDEX.json");
	const char *name;
	json_t *about;
	int count = 0;

	(void) state;
	json_object_foreach(index, name, about)
	{
		if (json_object_get(about, "error") != NULL)
			continue;
		try_document(name, about);
		count++;
	}
	print_message("documents of Nitro enclaves: %d\n", count);
	assert_true(count >= 7);
	json_decref(index);
}

/* A key of the payload lacks three bytes: the payload reaches into what follows it. */
static void
a_real_document_with_bytes_missing(void **state)
{
	json_t *index = help_wycheproof("nitro/INDEX.json");
	EvcExpectations expect;

	(void) state;
	expect_as_listed(&expect, json_object_get(index, "base_hinted_0_repaired.cose"));
	assert_verdict_of("base_hinted_0_as_stored_malformed.cose", &expect,
					  "NOT_COSE_SIGN1");
	release(&expect);
	json_decref(index);
}

/* No change of a single byte goes unseen, and none makes it crash. */
static void
real_documents_with_one_byte_changed(void **state)
{
	json_t *index = help_wycheproof("nitro/INDEX.json");
	const char *name = "base_hinted_0_repaired.cose";
	EvcExpectations expect;
	EvcAttested attested;
	EvwBytes document;
	uint8_t *bytes;

	(void) state;
	expect_as_listed(&expect, json_object_get(index, name));
	document = help_exact(read_document(name));
	bytes = (uint8_t *) document.data;
	for (size_t i = 0; i < document.len; i += i < 64 ? 1 : 37)
	{
		bytes[i] ^= 1;
		if (evc_attest_verify(document, &expect, &attested) == EVC_VERDICT_GOOD)
			fail_msg("byte %zu may be another one", i);
		bytes[i] ^= 1;
	}
	assert_int_equal(evc_attest_verify(document, &expect, &attested), EVC_VERDICT_GOOD);
	help_release(document);
	release(&expect);
	json_decref(index);
}

static void
the_pin_is_that_of_the_root(void **state)
{
	uint8_t pin[EVC_PIN_LEN];

	(void) state;
	json_decref(help_wycheproof("nitro/INDEX.json"));
	assert_null(evc_root_read(path_of("aws_nitro_root_g1.pem"), pin));
	assert_memory_equal(pin, evc_root_nitro, sizeof(pin));
}

static EVP_PKEY *
key_of(const json_t *group)
{
	EvwBytes der = help_unhex(help_field(group, "publicKeyDer"));
	const uint8_t *at = der.data;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long) der.len);

	assert_non_null(key);
	help_release(der);
	return key;
}

/* Returns whether it is a valid one. */
static bool
try_signature(EVP_PKEY *key, const json_t *test)
{
	EvwBytes message = help_unhex(help_field(test, "msg"));
	EvwBytes signature = help_unhex(help_field(test, "sig"));
	bool valid = strcmp(help_field(test, "result"), "valid") == 0;
	EvcVerdict verdict = evc_es384_verify(key, &message, 1, signature);

	if ((verdict == EVC_VERDICT_GOOD) != valid)
		fail_msg("case %d: %s", (int) json_integer_value(json_object_get(test, "tcId")),
				 evc_verdict_name(verdict));
	if (!valid)
		assert_int_equal(verdict, signature.len == EVC_ES384_LEN
									  ? EVC_VERDICT_SIGNATURE
									  : EVC_VERDICT_SIGNATURE_LENGTH);
	help_release(message);
	help_release(signature);
	return valid;
}

static void
wycheproof_es384(void **state)
{
	json_t *vectors = help_wycheproof("ecdsa_secp384r1_sha384_p1363_test.json");
	json_t *groups = json_object_get(vectors, "testGroups");
	size_t i;
	json_t *group;
	int count = 0;
	int valid = 0;

	(void) state;
	json_array_foreach(groups, i, group)
	{
		EVP_PKEY *key = key_of(group);
		size_t j;
		json_t *test;

		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			valid += try_signature(key, test);
			count++;
		}
		EVP_PKEY_free(key);
	}
	print_message("ecdsa_secp384r1_sha384_p1363_test.json: %d cases, %d valid\n", count,
				  valid);
	assert_true(count >= 280 && valid > 50 && valid < count - 50);
	json_decref(vectors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_documents),
		cmocka_unit_test(a_real_document_with_bytes_missing),
		cmocka_unit_test(real_documents_with_one_byte_changed),
		cmocka_unit_test(the_pin_is_that_of_the_root),
		cmocka_unit_test(wycheproof_es384),
	};

	return cmocka_run_group_tests_name("attest_real", tests, NULL, NULL);
}
