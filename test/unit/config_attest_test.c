/*
 * unit/config_attest_test.c
 *	  [attest] of e3.conf.
 */
#include "e3_help.h"

#include "config.h"

#include <string.h>

#define MINIMAL                                                                          \
	"[e3]\nsocket = /s\n[keyring]\nfile = /k\npassphrase_file = /p\n[attest]\n"
#define FILES "evidence = software\nroot = /r\ncertificate = /c\nkey = /y\n"

static EvwStatus
parse(const char *text, E3Config *config, E3ConfigError *error)
{
	return e3_config_parse(text, strlen(text), "e3.conf", config, error);
}

static void
evidence_is_configured_whole(void **state)
{
	static const char *const bad[][2] = {
		{"evidence = aws\n",
		 "e3.conf:7: [attest] evidence: must be none, software or nitro"},
		{"evidence = software\ncertificate = /c\nkey = /y\n",
		 "e3.conf:9: [attest] root: is missing"},
		{"evidence = nitro\nkey = /y\n",
		 "e3.conf:8: [attest] key: is of evidence = software alone"},
		{"signer_seconds = 60\n",
		 "e3.conf:7: [attest] signer_seconds: is of evidence = software alone"},
		{FILES "signer_seconds = 1\n",
		 "e3.conf:11: [attest] signer_seconds: must be between 2 and 86400"},
		{FILES "signer_seconds = 86401\n",
		 "e3.conf:11: [attest] signer_seconds: must be between 2 and 86400"},
	};
	E3ConfigError error;
	E3Config config;
	E3AttestSetup setup;
	char text[512];

	(void) state;
	assert_status(parse(MINIMAL FILES "signer_seconds = 86400\n", &config, &error),
				  EVW_OK);
	setup = e3_config_attest(&config, "/e3.conf");
	assert_string_equal(setup.kind, "software");
	assert_string_equal(setup.root, "/r");
	assert_string_equal(setup.certificate, "/c");
	assert_string_equal(setup.key, "/y");
	assert_string_equal(setup.config, "/e3.conf");
	assert_string_equal(setup.policy, "");
	assert_int_equal(setup.signer_seconds, 86400);
	assert_status(parse(MINIMAL FILES "signer_seconds = 2\n", &config, &error), EVW_OK);
	assert_status(parse(MINIMAL "evidence = nitro\n", &config, &error), EVW_OK);
	assert_string_equal(e3_config_attest(&config, "").kind, "nitro");
	assert_status(parse(MINIMAL "evidence = none\n", &config, &error), EVW_OK);
	assert_null(e3_config_attest(&config, "").kind);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		(void) snprintf(text, sizeof(text), "%s%s", MINIMAL, bad[i][0]);
		assert_status(parse(text, &config, &error), EVW_CONFIG);
		assert_string_equal(error.text, bad[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_is_configured_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
