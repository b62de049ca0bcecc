/*
 * unit/custody_test.c
 *	  What the configuration says of custodies, what a custody without its device does,
 *	  and the number that is noted down.
 */
#include "e3_help.h"

#include "base/secret.h"
#include "config.h"
#include "custody/custody.h"
#include "keyring/generation.h"

#include <string.h>

#define HEAD "[e3]\nsocket = /s\n[keyring]\nfile = /k\n"

static EvwStatus
parse(const char *lines, E3Config *config, E3ConfigError *error)
{
	char text[4096];

	(void) snprintf(text, sizeof(text), HEAD "%s", lines);
	error->text[0] = '\0';
	return e3_config_parse(text, strlen(text), "e3.conf", config, error);
}

static void
expect_error(const char *lines, const char *shall)
{
	E3ConfigError error;
	E3Config config;

	assert_status(parse(lines, &config, &error), EVW_CONFIG);
	assert_string_equal(error.text, shall);
}

static void
read_custody(const char *lines, E3CustodyKind kind, E3Config *config)
{
	E3ConfigError error;

	assert_status(parse(lines, config, &error), EVW_OK);
	assert_int_equal(config->custody.kind, kind);
}

static void
custodies_are_read(void **state)
{
	E3Config config;

	(void) state;
	read_custody("passphrase_file = /p\n", E3_CUSTODY_PASSPHRASE, &config);
	assert_string_equal(config.custody.tpm, "device:/dev/tpmrm0");
	assert_string_equal(config.generation_file, "");
	read_custody("custody = tpm\ntpm_pcrs = 0, 7,23\ntpm = swtpm:path=/t\n"
				 "generation_file = /g\n",
				 E3_CUSTODY_TPM, &config);
	assert_int_equal(config.custody.tpm_pcrs, 1 | 1 << 7 | 1 << 23);
	assert_string_equal(config.custody.tpm, "swtpm:path=/t");
	assert_string_equal(config.generation_file, "/g");
	read_custody("custody = pkcs11\npkcs11_module = /m\npkcs11_token = e3\n"
				 "pkcs11_key = key\npkcs11_pin_file = /pin\n",
				 E3_CUSTODY_PKCS11, &config);
	assert_string_equal(config.custody.pkcs11_module, "/m");
	assert_string_equal(config.custody.pkcs11_token, "e3");
	assert_string_equal(config.custody.pkcs11_key, "key");
	assert_string_equal(config.custody.pkcs11_pin_file, "/pin");
}

static void
what_is_wrong_is_named(void **state)
{
	static const char *const bad_pcrs[] = {"", "24", "0,0", "0,", ",1", "-1", "1;2", "x"};
	char lines[256];

	(void) state;
	expect_error("custody = hsm\n",
				 "e3.conf:5: [keyring] custody: must be passphrase, tpm, pkcs11 or kms");
	for (size_t i = 0; i < sizeof(bad_pcrs) / sizeof(bad_pcrs[0]); i++)
	{
		(void) snprintf(lines, sizeof(lines), "tpm_pcrs = %s\n", bad_pcrs[i]);
		expect_error(lines, "e3.conf:5: [keyring] tpm_pcrs: must be different numbers "
							"from 0 to 23, comma separated");
	}
	expect_error("custody = tpm\n", "e3.conf:5: [keyring] tpm_pcrs: is missing");
	expect_error("custody = pkcs11\n", "e3.conf:5: [keyring] pkcs11_module: is missing");
	expect_error("custody = pkcs11\npkcs11_module = /m\npkcs11_token = e3\n"
				 "pkcs11_key = key\n",
				 "e3.conf:8: [keyring] pkcs11_pin_file: is missing");
	expect_error("custody = passphrase\n", "e3.conf:5: [keyring] needs passphrase_file "
										   "or credential, and not both");
	expect_error("pkcs11_token =\n",
				 "e3.conf:5: [keyring] pkcs11_token: must have 1 to 127 bytes");
}

#define KMS                                                                              \
	"custody = kms\nkms_endpoint = https://kms.test\nkms_region = eu-test-1\n"           \
	"kms_key = arn:aws:kms:eu-test-1:1:key/k_1.2@x\nkms_credentials_file = /c\n"

static void
a_kms_is_read(void **state)
{
	E3Config config;

	(void) state;
	read_custody(KMS "kms_ca_file = /ca\nkms_socket = /s\nkms_timeout_ms = 100\n"
					 "[attest]\nevidence = nitro\n",
				 E3_CUSTODY_KMS, &config);
	assert_string_equal(config.custody.kms_endpoint.host, "kms.test");
	assert_int_equal(config.custody.kms_endpoint.port, 443);
	assert_string_equal(config.custody.kms_region, "eu-test-1");
	assert_string_equal(config.custody.kms_key, "arn:aws:kms:eu-test-1:1:key/k_1.2@x");
	assert_string_equal(config.custody.kms_credentials_file, "/c");
	assert_string_equal(config.custody.kms_ca_file, "/ca");
	assert_string_equal(config.custody.kms_socket, "/s");
	assert_int_equal(config.custody.kms_timeout_ms, E3_CUSTODY_KMS_MS_MIN);
	read_custody("passphrase_file = /p\nkms_endpoint = https://[::1]:8443\n",
				 E3_CUSTODY_PASSPHRASE, &config);
	assert_string_equal(config.custody.kms_endpoint.host, "::1");
	assert_int_equal(config.custody.kms_endpoint.port, 8443);
	assert_int_equal(config.custody.kms_timeout_ms, E3_CUSTODY_KMS_MS_DEFAULT);
	read_custody("passphrase_file = /p\nkms_endpoint = https://[::1]\n",
				 E3_CUSTODY_PASSPHRASE, &config);
	assert_int_equal(config.custody.kms_endpoint.port, 443);
}

static void
what_is_wrong_of_a_kms_is_named(void **state)
{
	static const char *const bad_words[] = {"a b", "a\"b", "a\\\\b",
											"a,b", "{}",   "\xc3\xa4"};
	char lines[256];

	(void) state;
	expect_error(KMS,
				 "e3.conf:9: [attest] evidence: is missing, and custody = kms needs it");
	expect_error("custody = kms\n", "e3.conf:5: [keyring] kms_endpoint: is missing");
	expect_error("custody = kms\nkms_endpoint = https://k\nkms_region = r\nkms_key = k\n",
				 "e3.conf:8: [keyring] kms_credentials_file: is missing");
	expect_error("kms_endpoint = http://kms.test\n",
				 "e3.conf:5: [keyring] kms_endpoint: must begin with https://");
	expect_error("kms_endpoint = https://kms.test:0\n",
				 "e3.conf:5: [keyring] kms_endpoint: The port of an endpoint is a number "
				 "from 1 to 65535.");
	expect_error("kms_endpoint = https://kms.test/path\n",
				 "e3.conf:5: [keyring] kms_endpoint: The host of an endpoint is a name, "
				 "an "
				 "IPv4 address, or an IPv6 address in brackets.");
	expect_error("kms_timeout_ms = 120001\n",
				 "e3.conf:5: [keyring] kms_timeout_ms: must be between 100 and 120000");
	for (size_t i = 0; i < sizeof(bad_words) / sizeof(bad_words[0]); i++)
	{
		(void) snprintf(lines, sizeof(lines), "kms_key = %s\n", bad_words[i]);
		expect_error(lines,
					 "e3.conf:5: [keyring] kms_key: may have letters, digits and any "
					 "of -_./:@ alone");
	}
}

static void
texts_have_a_limit(void **state)
{
	E3ConfigError error;
	E3Config config;
	char lines[256];

	(void) state;
	for (int len = E3_CUSTODY_TEXT_MAX - 1; len <= E3_CUSTODY_TEXT_MAX; len++)
	{
		(void) snprintf(lines, sizeof(lines), "passphrase_file = /p\npkcs11_key = %0*d\n",
						len, 7);
		assert_status(parse(lines, &config, &error),
					  len < E3_CUSTODY_TEXT_MAX ? EVW_OK : EVW_CONFIG);
	}
}

static void
a_closed_custody_asks_nobody(void **state)
{
	static const uint8_t bytes[] = {1};
	const E3CustodyConfig config = {.kind = E3_CUSTODY_TPM, .tpm = "none", .tpm_pcrs = 1};
	const E3AttestSetup none = {.kind = NULL};
	E3Custody *custody = e3_custody_new(&config, config.kind, &none);
	const uint8_t *key;
	EvwBytes blob;

	(void) state;
	assert_non_null(custody);
	assert_int_equal(e3_custody_kind(custody), E3_CUSTODY_TPM);
	e3_custody_close(custody);
	assert_status(e3_custody_open(custody, (EvwBytes){bytes, sizeof(bytes)}, &key),
				  EVW_KEYRING_RESEALED);
	assert_status(e3_custody_writing(custody, &blob, &key), EVW_KEYRING_RESEALED);
	assert_string_equal(e3_custody_cause(custody), "");
	e3_custody_free(custody);
	e3_custody_free(NULL);
}

static void
a_number_is_noted_down(void **state)
{
	static const uint64_t numbers[] = {0, 1, 1234567890123456789u, UINT64_MAX};
	char dir[PATH_MAX];
	const char *path;
	uint64_t found;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "generation", 0);
	assert_false(e3_generation_read(path, &found));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		assert_true(e3_generation_write(path, numbers[i]));
		assert_true(e3_generation_read(path, &found));
		assert_true(found == numbers[i]);
	}
	help_write_file(path, "18446744073709551616\n", 21, 0600);
	assert_false(e3_generation_read(path, &found));
	help_write_file(path, "000000000000000000001\n", 22, 0600);
	assert_false(e3_generation_read(path, &found));
	help_write_file(path, "1\n", 2, 0666);
	assert_false(e3_generation_read(path, &found));
}

static int
make_arena(void **state)
{
	(void) state;
	return e3_secret_init(65536) == EVW_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(custodies_are_read),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_kms_is_read),
		cmocka_unit_test(what_is_wrong_of_a_kms_is_named),
		cmocka_unit_test(texts_have_a_limit),
		cmocka_unit_test(a_closed_custody_asks_nobody),
		cmocka_unit_test(a_number_is_noted_down),
	};

	return cmocka_run_group_tests(tests, make_arena, NULL);
}
