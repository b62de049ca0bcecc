/*
 * unit/attester_test.c
 *	  E3's side of evidence: what the software backend makes is what the verifier
 *	  accepts, and what is said to the Nitro Security Module.
 */
#include "e3_help.h"

#include "attest/attester.h"
#include "attest/backend.h"
#include "attest/nsm.h"
#include "attest/verify.h"
#include "base/secret.h"
#include "cert/cert.h"
#include "wire/attest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct Fixture
{
	char dir[PATH_MAX];
	uint8_t root_pin[EVC_PIN_LEN];
	uint8_t other_pin[EVC_PIN_LEN];
	E3AttestSetup setup;
} Fixture;

static const uint8_t nonce[32] = {1, 2, 3};
static const uint8_t binding[32] = {4, 5, 6};
static const E3Claim claim = {.nonce = {nonce, sizeof(nonce)},
							  .user_data = {binding, sizeof(binding)}};

/* NAME.crt and NAME.key, and the SHA-256 of the certificate. */
static E3Cert *
write_cert(const Fixture *fixture, const char *name, const E3Cert *by, E3CertUse use,
		   uint8_t pin[EVC_PIN_LEN])
{
	const E3CertWish wish = {.subject = name, .use = use, .seconds = 3600};
	E3Cert *cert = e3_cert_new(by, &wish);
	char file[64];
	EvwBuf text;

	assert_non_null(cert);
	e3_buf_init(&text);
	assert_true(e3_cert_write_der(cert, &text));
	assert_true(text.len <= EVC_CERTIFICATE_MAX);
	assert_int_equal(EVP_Digest(text.data, text.len, pin, NULL, EVP_sha256(), NULL), 1);
	text.len = 0;
	assert_true(e3_cert_write(cert, &text));
	(void) snprintf(file, sizeof(file), "%s.crt", name);
	help_write_file(help_path(fixture->dir, file, 0), (char *) text.data, text.len, 0644);
	text.len = 0;
	assert_true(e3_cert_write_key(cert, &text));
	(void) snprintf(file, sizeof(file), "%s.key", name);
	help_write_file(help_path(fixture->dir, file, 0), (char *) text.data, text.len, 0600);
	e3_buf_release(&text);
	return cert;
}

static int
set_up(void **state)
{
	Fixture *fixture = calloc(1, sizeof(Fixture));
	uint8_t pin[EVC_PIN_LEN];
	E3Cert *root;
	E3Cert *other;

	assert_int_equal(help_arena(state), 0);
	help_make_dir(fixture->dir);
	root = write_cert(fixture, "root", NULL, E3_CERT_EVIDENCE_ROOT, fixture->root_pin);
	e3_cert_free(write_cert(fixture, "issuer", root, E3_CERT_EVIDENCE_ISSUER, pin));
	other = write_cert(fixture, "other", NULL, E3_CERT_EVIDENCE_ROOT, fixture->other_pin);
	e3_cert_free(write_cert(fixture, "tls", NULL, E3_CERT_CA, pin));
	e3_cert_free(root);
	e3_cert_free(other);
	help_write_file(help_path(fixture->dir, "e3.conf", 0), "conf", 4, 0644);
	help_write_file(help_path(fixture->dir, "policy", 0), "policy", 6, 0644);
	fixture->setup =
		(E3AttestSetup){.kind = EVW_EVIDENCE_SOFTWARE,
						.root = strdup(help_path(fixture->dir, "root.crt", 0)),
						.certificate = strdup(help_path(fixture->dir, "issuer.crt", 0)),
						.key = strdup(help_path(fixture->dir, "issuer.key", 0)),
						.signer_seconds = 3600,
						.config = strdup(help_path(fixture->dir, "e3.conf", 0)),
						.policy = strdup(help_path(fixture->dir, "policy", 0))};
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	Fixture *fixture = *state;

	free((void *) fixture->setup.root);
	free((void *) fixture->setup.certificate);
	free((void *) fixture->setup.key);
	free((void *) fixture->setup.config);
	free((void *) fixture->setup.policy);
	free(fixture);
	return 0;
}

static E3Attester *
open_good(const E3AttestSetup *setup)
{
	char cause[E3_ATTEST_CAUSE_MAX];
	E3Attester *attester;

	assert_status(e3_attester_new(setup, &attester, cause), EVW_OK);
	assert_non_null(attester);
	return attester;
}

static void
expect_pcr(EvcPcrPolicy *policy, int number, const char *bytes)
{
	policy->set |= 1u << number;
	policy->lengths[number] = 48;
	assert_int_equal(EVP_Digest(bytes, strlen(bytes), policy->values[number], NULL,
								EVP_sha384(), NULL),
					 1);
}

static EvcExpectations
expectations(const Fixture *fixture)
{
	EvcExpectations expect = {.root_given = true,
							  .now = time(NULL),
							  .skew_s = 5,
							  .max_age_s = EVC_AGE_MAX,
							  .nonce = claim.nonce,
							  .binding = claim.user_data};

	memcpy(expect.root, fixture->root_pin, EVC_PIN_LEN);
	expect_pcr(&expect.policy, 1, "conf");
	expect_pcr(&expect.policy, 2, "policy");
	return expect;
}

static void
assert_verdict(const EvwBuf *document, const EvcExpectations *expect, EvcVerdict verdict)
{
	EvcAttested attested;
	EvcVerdict found =
		evc_attest_verify((EvwBytes){document->data, document->len}, expect, &attested);

	assert_string_equal(evc_verdict_name(found), evc_verdict_name(verdict));
}

static void
documents_are_good(void **state)
{
	Fixture *fixture = *state;
	EvcExpectations expect = expectations(fixture);
	E3Attester *attester = open_good(&fixture->setup);
	EvwBuf document;

	assert_string_equal(e3_attester_kind(attester), "software");
	e3_buf_init(&document);
	assert_status(e3_attester_make(attester, &claim, &document), EVW_OK);
	assert_verdict(&document, &expect, EVC_VERDICT_GOOD);

	memcpy(expect.root, fixture->other_pin, EVC_PIN_LEN);
	assert_verdict(&document, &expect, EVC_VERDICT_ROOT);
	expect = expectations(fixture);
	expect.nonce = claim.user_data;
	assert_verdict(&document, &expect, EVC_VERDICT_NONCE);
	expect = expectations(fixture);
	expect.binding = claim.nonce;
	assert_verdict(&document, &expect, EVC_VERDICT_BINDING);
	expect = expectations(fixture);
	expect_pcr(&expect.policy, 0, "another program");
	assert_verdict(&document, &expect, EVC_VERDICT_PCR_DIFFERS);
	expect = expectations(fixture);
	document.data[document.len - 1] ^= 1;
	assert_verdict(&document, &expect, EVC_VERDICT_SIGNATURE);
	e3_buf_release(&document);
	e3_attester_free(attester);
}

/* The program is this test's own file. */
static void
the_program_is_measured(void **state)
{
	Fixture *fixture = *state;
	EvcExpectations expect = expectations(fixture);
	E3Attester *attester = open_good(&fixture->setup);
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	FILE *program = fopen("/proc/self/exe", "re");
	uint8_t bytes[65536];
	EvwBuf document;
	size_t len;

	assert_non_null(program);
	assert_int_equal(EVP_DigestInit_ex(digest, EVP_sha384(), NULL), 1);
	while ((len = fread(bytes, 1, sizeof(bytes), program)) > 0)
		assert_int_equal(EVP_DigestUpdate(digest, bytes, len), 1);
	expect.policy.set |= 1;
	expect.policy.lengths[0] = 48;
	assert_int_equal(EVP_DigestFinal_ex(digest, expect.policy.values[0], NULL), 1);
	(void) fclose(program);
	EVP_MD_CTX_free(digest);
	e3_buf_init(&document);
	assert_status(e3_attester_make(attester, &claim, &document), EVW_OK);
	assert_verdict(&document, &expect, EVC_VERDICT_GOOD);
	e3_buf_release(&document);
	e3_attester_free(attester);
}

static void
a_reload_is_measured(void **state)
{
	Fixture *fixture = *state;
	EvcExpectations expect = expectations(fixture);
	E3Attester *attester = open_good(&fixture->setup);
	E3AttestSetup setup = fixture->setup;
	char cause[E3_ATTEST_CAUSE_MAX];
	EvwBuf document;

	e3_buf_init(&document);
	setup.policy = "";
	assert_status(e3_attester_measure(attester, &setup, cause), EVW_OK);
	assert_status(e3_attester_make(attester, &claim, &document), EVW_OK);
	assert_verdict(&document, &expect, EVC_VERDICT_PCR_DIFFERS);
	expect_pcr(&expect.policy, 2, "");
	assert_verdict(&document, &expect, EVC_VERDICT_GOOD);

	/* A file that is not there changes nothing. */
	setup.config = "/nonexistent";
	assert_status(e3_attester_measure(attester, &setup, cause), EVW_CONFIG);
	assert_non_null(strstr(cause, "/nonexistent"));
	document.len = 0;
	assert_status(e3_attester_make(attester, &claim, &document), EVW_OK);
	assert_verdict(&document, &expect, EVC_VERDICT_GOOD);
	e3_buf_release(&document);
	e3_attester_free(attester);
}

/* The longest that a claim may be, and one byte more. */
static void
claims_are_bounded(void **state)
{
	static const uint8_t bytes[513];
	Fixture *fixture = *state;
	E3Attester *attester = open_good(&fixture->setup);
	E3Claim long_claim = {{bytes, 512}, {bytes, 512}, {bytes, 512}};
	EvcExpectations expect = expectations(fixture);
	EvwBuf document;

	e3_buf_init(&document);
	assert_status(e3_attester_make(attester, &long_claim, &document), EVW_OK);
	expect.nonce = expect.binding = long_claim.nonce;
	assert_verdict(&document, &expect, EVC_VERDICT_GOOD);
	long_claim.public_key.len = 513;
	assert_status(e3_attester_make(attester, &long_claim, &document),
				  EVW_EVIDENCE_FAILED);
	e3_buf_release(&document);
	e3_attester_free(attester);
}

static int64_t
made_until(E3Attester *attester, const EvcExpectations *expect)
{
	time_t before = time(NULL);
	EvcAttested attested;
	EvwBuf document;

	e3_buf_init(&document);
	assert_status(e3_attester_make(attester, &claim, &document), EVW_OK);
	assert_int_equal(evc_attest_verify((EvwBytes){document.data, document.len}, expect,
									   &attested),
					 EVC_VERDICT_GOOD);
	assert_true(attested.expires > before);
	e3_buf_release(&document);
	return attested.expires;
}

/* Documents are good all the time, although who signs them lives for two seconds. */
static void
signers_are_renewed(void **state)
{
	Fixture *fixture = *state;
	E3AttestSetup setup = fixture->setup;
	EvcExpectations expect = expectations(fixture);
	time_t deadline = time(NULL) + 60;
	E3Attester *attester;
	int64_t first;
	int64_t until;

	/* However slow this machine is. */
	expect.skew_s = EVC_SKEW_MAX;
	setup.signer_seconds = 2;
	attester = open_good(&setup);
	first = until = made_until(attester, &expect);
	assert_true(first <= time(NULL) + 2);
	while (until < first + 4 && time(NULL) < deadline)
		until = made_until(attester, &expect);
	assert_true(until >= first + 4);
	e3_attester_free(attester);
}

static void
assert_refused(const E3AttestSetup *setup, const char *about)
{
	char cause[E3_ATTEST_CAUSE_MAX];
	E3Attester *attester;

	assert_status(e3_attester_new(setup, &attester, cause), EVW_UNSUPPORTED);
	assert_null(attester);
	assert_non_null(strstr(cause, about));
}

static void
what_does_not_fit_is_refused(void **state)
{
	Fixture *fixture = *state;
	E3AttestSetup setup = fixture->setup;
	char cause[E3_ATTEST_CAUSE_MAX];
	E3Attester *attester;

	setup.root = help_path(fixture->dir, "other.crt", 0);
	assert_refused(&setup, "is not by the root");
	setup.root = help_path(fixture->dir, "missing.crt", 0);
	assert_refused(&setup, "is not a certificate");
	setup.root = setup.certificate = help_path(fixture->dir, "tls.crt", 0);
	setup.key = help_path(fixture->dir, "tls.key", 1);
	assert_refused(&setup, "not on P-384");
	setup = fixture->setup;
	setup.key = help_path(fixture->dir, "root.key", 0);
	assert_refused(&setup, "is not a certificate whose key");
	setup = fixture->setup;
	setup.config = help_path(fixture->dir, "missing", 0);
	assert_refused(&setup, "cannot be measured");
	setup.kind = NULL;
	assert_status(e3_attester_new(&setup, &attester, cause), EVW_OK);
	assert_null(attester);
	assert_null(e3_attester_kind(NULL));
	setup.kind = "another";
	assert_status(e3_attester_new(&setup, &attester, cause), EVW_UNSUPPORTED);
}

/* ---- Nitro ---- */

/* What the module answers, and what it was asked. */
static EvwBytes answer;
static uint8_t asked[E3_NSM_REQUEST_MAX];
static size_t asked_len;
static int asked_fd;

static bool
answers(int fd, EvwBytes request, uint8_t *response, size_t *len)
{
	asked_fd = fd;
	asked_len = request.len;
	memcpy(asked, request.data, request.len);
	if (answer.data == NULL)
	{
		errno = ENODEV;
		return false;
	}
	assert_true(answer.len <= *len);
	memcpy(response, answer.data, answer.len);
	*len = answer.len;
	return true;
}

static EvwStatus
ask_nsm(const char *answer_hex, EvwBuf *document)
{
	EvwStatus status;

	answer = answer_hex != NULL ? help_unhex(answer_hex) : (EvwBytes){NULL, 0};
	status = e3_nsm_ask(answers, 7, &claim, document);
	if (answer_hex != NULL)
		help_release(answer);
	return status;
}

/* As the module's library for Rust encodes it: serde's enumerations are maps of one. */
static void
nsm_is_asked(void **state)
{
	static const char request[] = "\xa1\x6b"
								  "Attestation\xa3\x69user_data\x58\x20";
	EvwBuf document;
	size_t at = sizeof(request) - 1;

	(void) state;
	e3_buf_init(&document);
	/* {"Attestation": {"document": h'd28443'}} */
	assert_status(ask_nsm("a16b4174746573746174696f6ea168646f63756d656e7443d28443",
						  &document),
				  EVW_OK);
	assert_int_equal(document.len, 3);
	assert_memory_equal(document.data, "\xd2\x84\x43", 3);
	assert_int_equal(asked_fd, 7);
	assert_memory_equal(asked, request, at);
	assert_memory_equal(asked + at, binding, 32);
	at += 32;
	assert_memory_equal(asked + at, "\x65nonce\x58\x20", 8);
	assert_memory_equal(asked + at + 8, nonce, 32);
	at += 40;
	assert_int_equal(asked_len, at + 12);
	assert_memory_equal(asked + at, "\x6apublic_key\xf6", 12);
	e3_buf_release(&document);
}

static void
nsm_may_fail(void **state)
{
	static const char *const bad[] = {
		NULL,
		"",
		/* {"Error": "InvalidArgument"} */
		"a1654572726f726f496e76616c6964417267756d656e74",
		/* no document, an empty one, one cut short, bytes behind it, another name, text
		 */
		"a16b4174746573746174696f6ea0",
		"a16b4174746573746174696f6ea168646f63756d656e7440",
		"a16b4174746573746174696f6ea168646f63756d656e7443d284",
		"a16b4174746573746174696f6ea168646f63756d656e7443d2844300",
		"a16b4174746573746174696f6fa168646f63756d656e7443d28443",
		"a16b4174746573746174696f6ea168646f63756d656e7463d28443",
		/* lengths beyond all bytes */
		"a16b4174746573746174696f6ea168646f63756d656e745bffffffffffffffff",
		"bbffffffffffffffff",
	};
	char error[E3_NSM_ERROR_MAX + 1];
	EvwBytes response = help_unhex(bad[2]);
	EvwBytes none;
	EvwBuf document;

	(void) state;
	e3_buf_init(&document);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		assert_status(ask_nsm(bad[i], &document), EVW_EVIDENCE_FAILED);
		assert_int_equal(document.len, 0);
	}
	assert_status(e3_nsm_response(response, &none, error), EVW_EVIDENCE_FAILED);
	assert_string_equal(error, "InvalidArgument");
	help_release(response);
	e3_buf_release(&document);
}

/* Where there is no device there is no evidence of it. */
static void
nsm_is_not_everywhere(void **state)
{
	const E3AttestSetup setup = {.kind = EVW_EVIDENCE_NITRO};

	(void) state;
	if (access(E3_NSM_DEVICE, F_OK) == 0)
	{
		print_message("skipped: %s is here\n", E3_NSM_DEVICE);
		skip();
	}
	assert_refused(&setup, "/dev/nsm: No such file or directory");
}

/* What is no such device refuses the call. */
static void
other_devices_refuse(void **state)
{
	uint8_t response[16];
	size_t len = sizeof(response);
	FILE *null = fopen("/dev/null", "r+e");

	(void) state;
	assert_non_null(null);
	assert_false(e3_nsm_device(fileno(null), claim.nonce, response, &len));
	assert_int_equal(errno, ENOTTY);
	(void) fclose(null);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_good),
		cmocka_unit_test(the_program_is_measured),
		cmocka_unit_test(a_reload_is_measured),
		cmocka_unit_test(claims_are_bounded),
		cmocka_unit_test(signers_are_renewed),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(nsm_is_asked),
		cmocka_unit_test(nsm_may_fail),
		cmocka_unit_test(nsm_is_not_everywhere),
		cmocka_unit_test(other_devices_refuse),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
