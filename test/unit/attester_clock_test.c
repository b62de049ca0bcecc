/*
 * unit/attester_clock_test.c
 *	  Evidence of the kind "software" while the system's clock is set.
 */
#include "e3_help.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "attest/attester.h"
#include "attest/root.h"
#include "attest/verify.h"
#include "base/secret.h"
#include "cert/cert.h"
#include "wire/attest.h"

#define HOUR 3600
#define LIFE (240 * HOUR)

/* Added to the time of day, for E3 as for OpenSSL. */
static time_t offset_s;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int) syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += offset_s;
	return result;
}

time_t
time(time_t *seconds)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_REALTIME, &now);
	if (seconds != NULL)
		*seconds = now.tv_sec;
	return now.tv_sec;
}

static const uint8_t nonce[32] = {1};
static const uint8_t binding[32] = {2};

static E3Cert *
write_cert(const char *dir, const char *name, const E3Cert *by, E3CertUse use)
{
	const E3CertWish wish = {.subject = name, .use = use, .seconds = LIFE};
	E3Cert *cert = e3_cert_new(by, &wish);
	char file[64];
	EvwBuf text;

	assert_non_null(cert);
	e3_buf_init(&text);
	assert_true(e3_cert_write(cert, &text));
	(void) snprintf(file, sizeof(file), "%s.crt", name);
	help_write_file(help_path(dir, file, 0), (char *) text.data, text.len, 0644);
	text.len = 0;
	assert_true(e3_cert_write_key(cert, &text));
	(void) snprintf(file, sizeof(file), "%s.key", name);
	help_write_file(help_path(dir, file, 0), (char *) text.data, text.len, 0600);
	e3_buf_release(&text);
	return cert;
}

/* An attester whose authority is valid at all times here, and the pin of that. */
static E3Attester *
open_attester(const char *dir, uint8_t pin[EVC_PIN_LEN])
{
	char config[PATH_MAX];
	char root[PATH_MAX];
	char certificate[PATH_MAX];
	char key[PATH_MAX];
	char cause[E3_ATTEST_CAUSE_MAX];
	const E3AttestSetup setup = {.kind = EVW_EVIDENCE_SOFTWARE,
								 .root = root,
								 .certificate = certificate,
								 .key = key,
								 .signer_seconds = 3 * HOUR,
								 .config = config,
								 .policy = ""};
	E3Cert *authority = write_cert(dir, "root", NULL, E3_CERT_EVIDENCE_ROOT);
	E3Attester *attester;

	e3_cert_free(write_cert(dir, "issuer", authority, E3_CERT_EVIDENCE_ISSUER));
	e3_cert_free(authority);
	(void) snprintf(config, sizeof(config), "%s", help_path(dir, "e3.conf", 0));
	(void) snprintf(root, sizeof(root), "%s", help_path(dir, "root.crt", 0));
	(void) snprintf(certificate, sizeof(certificate), "%s",
					help_path(dir, "issuer.crt", 0));
	(void) snprintf(key, sizeof(key), "%s", help_path(dir, "issuer.key", 0));
	help_write_file(config, "", 0, 0644);
	assert_null(evc_root_read(root, pin));
	assert_status(e3_attester_new(&setup, &attester, cause), EVW_OK);
	return attester;
}

static void
assert_good(E3Attester *attester, const uint8_t pin[EVC_PIN_LEN])
{
	const E3Claim claim = {.nonce = {nonce, sizeof(nonce)},
						   .user_data = {binding, sizeof(binding)}};
	EvcExpectations expect = {.root_given = true,
							  .now = time(NULL),
							  .skew_s = EVC_SKEW_DEFAULT,
							  .max_age_s = EVC_AGE_MAX,
							  .nonce = claim.nonce,
							  .binding = claim.user_data};
	EvcAttested attested;
	EvwBuf document;

	memcpy(expect.root, pin, EVC_PIN_LEN);
	e3_buf_init(&document);
	assert_status(e3_attester_make(attester, &claim, &document), EVW_OK);
	/* All but the measurements, which are of no interest here. */
	assert_string_equal(evc_verdict_name(
							evc_attest_verify((EvwBytes){document.data, document.len},
											  &expect, &attested)),
						"POLICY_EMPTY");
	e3_buf_release(&document);
}

/* As when a machine starts with a wrong clock, and is told the time a minute later. */
static void
signers_follow_the_clock(void **state)
{
	static const time_t offsets[] = {6 * HOUR, 0, 12 * HOUR, 1 * HOUR};
	uint8_t pin[EVC_PIN_LEN];
	char dir[PATH_MAX];
	E3Attester *attester;

	(void) state;
	help_make_dir(dir);
	attester = open_attester(dir, pin);
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
	{
		offset_s = offsets[i];
		assert_good(attester, pin);
	}
	e3_attester_free(attester);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signers_follow_the_clock),
	};

	return cmocka_run_group_tests(tests, help_arena, NULL);
}
