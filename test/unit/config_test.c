/*
 * unit/config_test.c
 *	  The configuration file: what it may say, and which error names which line.
 */
#include "e3_help.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "wire/limits.h"

#define MINIMAL                                                                          \
	"[e3]\n"                                                                             \
	"socket = /run/e3.sock\n"                                                            \
	"[keyring]\n"                                                                        \
	"file = /k/ring\n"                                                                   \
	"passphrase_file = /k/phrase\n"

static EvwStatus
parse(const char *text, E3Config *config, E3ConfigError *error)
{
	EvwBytes exact = help_exact((EvwBytes){(const uint8_t *) text, strlen(text)});
	EvwStatus status;

	error->text[0] = '\0';
	status =
		e3_config_parse((const char *) exact.data, exact.len, "e3.conf", config, error);
	help_release(exact);
	return status;
}

static void
expect_error(const char *text, const char *shall)
{
	E3ConfigError error;
	E3Config config;

	assert_status(parse(text, &config, &error), EVW_CONFIG);
	assert_string_equal(error.text, shall);
}

static void
defaults_fill_what_is_not_said(void **state)
{
	E3ConfigError error;
	E3Config config;
	cpu_set_t cores;

	(void) state;
	assert_status(parse(MINIMAL, &config, &error), EVW_OK);
	assert_string_equal(config.socket, "/run/e3.sock");
	assert_string_equal(config.keyring, "/k/ring");
	assert_string_equal(config.passphrase_file, "/k/phrase");
	assert_int_equal(config.socket_mode, 0660);
	assert_int_equal(sched_getaffinity(0, sizeof(cores), &cores), 0);
	assert_int_equal(config.workers, CPU_COUNT(&cores));
	assert_int_equal(config.connections, E3_CONNECTIONS_DEFAULT);
	assert_int_equal(config.drain_ms, E3_DRAIN_MS_DEFAULT);
	assert_int_equal(config.locked_memory, E3_LOCKED_DEFAULT);
	assert_int_equal(config.log_level, E3_LOG_INFO);
	assert_string_equal(config.aead, "auto");
	assert_string_equal(config.agreement, "auto");
	assert_int_equal(config.hello_timeout_ms, EVW_HELLO_TIMEOUT_MS);
	assert_int_equal(config.frame_timeout_ms, EVW_FRAME_TIMEOUT_MS);
	assert_int_equal(config.idle_timeout_ms, EVW_IDLE_TIMEOUT_MS);
	assert_int_equal(config.n_uids, 0);
	assert_string_equal(config.policy, "");
	assert_string_equal(config.audit, "");
	assert_false(config.audit_open || config.audit_sync);
}

static void
every_key_is_read(void **state)
{
	E3ConfigError error;
	E3Config config;

	(void) state;
	assert_status(parse("; a comment\r\n"
						"# another\n"
						"\n"
						"[access]\n"
						"allow_users = root, 1234 ,4294967294\n"
						"policy = /policy\n"
						"[audit]\n"
						"file = /audit\n"
						"on_failure = continue\n"
						"sync = yes\n"
						"[e3]\n"
						"socket=/s\n"
						"socket_mode = 0600\n"
						"workers = 3 ; inline\n"
						"connections = 65536\n"
						"drain_ms = 0\n"
						"brief_bytes = 1048576\n"
						"locked_memory = 256 kB\n"
						"log_level = warning\r\n"
						"[limits]\n"
						"hello_timeout_ms = 100\n"
						"frame_timeout_ms = 200\n"
						"idle_timeout_ms = 3600000\n"
						"[keyring]\n"
						"file = /k\n"
						"[crypto]\n"
						"aead = ipsec-mb\n"
						"agreement = library\n"
						"key_mix = yes\n"
						"[e3]\n"
						"[keyring]\n"
						"passphrase_file = /p",
						&config, &error),
				  EVW_OK);
	assert_string_equal(config.socket, "/s");
	assert_int_equal(config.socket_mode, 0600);
	assert_int_equal(config.workers, 3);
	assert_int_equal(config.connections, 65536);
	assert_int_equal(config.drain_ms, 0);
	assert_int_equal(config.brief_bytes, 1048576);
	assert_int_equal(config.locked_memory, 256 << 10);
	assert_int_equal(config.log_level, E3_LOG_WARNING);
	assert_string_equal(config.aead, "ipsec-mb");
	assert_string_equal(config.agreement, "library");
	assert_true(config.key_mix);
	assert_int_equal(config.hello_timeout_ms, 100);
	assert_int_equal(config.frame_timeout_ms, 200);
	assert_int_equal(config.idle_timeout_ms, 3600000);
	assert_string_equal(config.keyring, "/k");
	assert_string_equal(config.passphrase_file, "/p");
	assert_int_equal(config.n_uids, 3);
	assert_string_equal(config.policy, "/policy");
	assert_string_equal(config.audit, "/audit");
	assert_true(config.audit_open && config.audit_sync);
	assert_int_equal(config.uids[0], 0);
	assert_int_equal(config.uids[1], 1234);
	assert_int_equal(config.uids[2], 4294967294);
}

typedef struct BadConfig
{
	const char *text;
	const char *error;
} BadConfig;

/* Not one of these messages repeats a value. */
static const BadConfig bad_configs[] = {
	{"", "e3.conf:0: [e3] socket: is missing"},
	{"[e3]\nsocket = /s\n[keyring]\npassphrase_file = /p\n",
	 "e3.conf:4: [keyring] file: is missing"},
	{"[e3]\nsocket = /s\n[keyring]\nfile = /k\n",
	 "e3.conf:4: [keyring] needs passphrase_file or credential, and not both"},
	{MINIMAL "[e4]\n", "e3.conf:6: unknown section"},
	{MINIMAL "[]\n", "e3.conf:6: unknown section"},
	{MINIMAL "[e3", "e3.conf:6: a section is a name in square brackets and nothing more"},
	{MINIMAL "[e3] x = 1\n",
	 "e3.conf:6: a section is a name in square brackets and nothing more"},
	{MINIMAL "nonsense\n", "e3.conf:6: neither a [section] nor a key = value"},
	{MINIMAL "colour = red\n", "e3.conf:6: [keyring] has no key of this name"},
	{MINIMAL "workers = 2\n", "e3.conf:6: [keyring] has no key of this name"},
	{"socket = /s\n" MINIMAL, "e3.conf:1: key stands before the first section"},
	{MINIMAL "file = /k\n", "e3.conf:6: [keyring] file: is given twice"},
	{MINIMAL "[e3]\n\nsocket = /t\n", "e3.conf:8: [e3] socket: is given twice"},
	{MINIMAL "  more\n", "e3.conf:6: line begins with white space"},
	{MINIMAL "\v[nowhere]\n", "e3.conf:6: line begins with white space"},
	{MINIMAL "[access]\npolicy = here\n",
	 "e3.conf:7: [access] policy: must be an absolute path"},
	{MINIMAL "[audit]\nfile = here\n",
	 "e3.conf:7: [audit] file: must be an absolute path"},
	{MINIMAL "[audit]\non_failure = no\n",
	 "e3.conf:7: [audit] on_failure: must be refuse or continue"},
	{MINIMAL "[audit]\nsync = 1\n", "e3.conf:7: [audit] sync: must be no or yes"},
	{MINIMAL "\tfile = /k\n", "e3.conf:6: line begins with white space"},
	{"\xef\xbb\xbf" MINIMAL, "e3.conf:1: file begins with a byte order mark"},
	{"[e3]\nsocket = s\n", "e3.conf:2: [e3] socket: must be an absolute path"},
	{"[e3]\nsocket =\n", "e3.conf:2: [e3] socket: must be an absolute path"},
	{"[e3]\nsocket_mode = 0888\n",
	 "e3.conf:2: [e3] socket_mode: must be octal permissions such as 0660"},
	{"[e3]\nsocket_mode = 1777\n",
	 "e3.conf:2: [e3] socket_mode: must be octal permissions such as 0660"},
	{"[e3]\nsocket_mode = rw\n",
	 "e3.conf:2: [e3] socket_mode: must be octal permissions such as 0660"},
	{"[e3]\nbrief_bytes = 1048577\n",
	 "e3.conf:2: [e3] brief_bytes: must be between 0 and 1048576"},
	{"[e3]\nworkers = 0\n", "e3.conf:2: [e3] workers: must be between 1 and 256"},
	{"[e3]\nworkers = 257\n", "e3.conf:2: [e3] workers: must be between 1 and 256"},
	{"[e3]\nworkers = -1\n", "e3.conf:2: [e3] workers: must be a whole number"},
	{"[e3]\nworkers = 1.5\n", "e3.conf:2: [e3] workers: must be a whole number"},
	{"[e3]\nworkers = 0x2\n", "e3.conf:2: [e3] workers: must be a whole number"},
	{"[e3]\nworkers = \n", "e3.conf:2: [e3] workers: must be a whole number"},
	{"[e3]\nworkers = 18446744073709551617\n",
	 "e3.conf:2: [e3] workers: must be between 1 and 256"},
	{"[e3]\nconnections = 65537\n",
	 "e3.conf:2: [e3] connections: must be between 1 and 65536"},
	{"[e3]\ndrain_ms = 10s\n",
	 "e3.conf:2: [e3] drain_ms: must be a whole number of milliseconds, without a unit"},
	{"[e3]\ndrain_ms = 3600001\n",
	 "e3.conf:2: [e3] drain_ms: must be between 0 and 3600000"},
	{"[e3]\nlocked_memory = 1000000\n",
	 "e3.conf:2: [e3] locked_memory: must be a power of two between 65536 and 67108864 "
	 "bytes"},
	{"[e3]\nlocked_memory = 128MB\n",
	 "e3.conf:2: [e3] locked_memory: must be a power of two between 65536 and 67108864 "
	 "bytes"},
	{"[e3]\nlocked_memory = 1mb\n",
	 "e3.conf:2: [e3] locked_memory: must be a whole number of bytes, kB or MB"},
	{"[e3]\nlocked_memory = 4294967296MB\n",
	 "e3.conf:2: [e3] locked_memory: must be a power of two between 65536 and 67108864 "
	 "bytes"},
	{"[e3]\nlog_level = loud\n",
	 "e3.conf:2: [e3] log_level: must be debug, info, warning or error"},
	{"[crypto]\naead = openssl3\n",
	 "e3.conf:2: [crypto] aead: must be auto, openssl or ipsec-mb"},
	{"[crypto]\naead = library\n",
	 "e3.conf:2: [crypto] aead: must be auto, openssl or ipsec-mb"},
	{"[crypto]\nagreement = \n",
	 "e3.conf:2: [crypto] agreement: must be auto, openssl or library"},
	{"[crypto]\nkey_mix = on\n", "e3.conf:2: [crypto] key_mix: must be no or yes"},
	{"[limits]\nhello_timeout_ms = 10001\n",
	 "e3.conf:2: [limits] hello_timeout_ms: must be between 10 and 10000"},
	{"[limits]\nframe_timeout_ms = 10001\n",
	 "e3.conf:2: [limits] frame_timeout_ms: must be between 10 and 10000"},
	{"[limits]\nidle_timeout_ms = 9\n",
	 "e3.conf:2: [limits] idle_timeout_ms: must be between 10 and 3600000"},
	{"[keyring]\nfile = ring\n", "e3.conf:2: [keyring] file: must be an absolute path"},
	{"[access]\nallow_users = nobody-has-this-name\n",
	 "e3.conf:2: [access] allow_users: names a user that does not exist"},
	{"[access]\nallow_users = root,,root\n",
	 "e3.conf:2: [access] allow_users: names a user that does not exist"},
	{"[access]\nallow_users =\n",
	 "e3.conf:2: [access] allow_users: names a user that does not exist"},
	{"[access]\nallow_users = root root\n",
	 "e3.conf:2: [access] allow_users: names a user that does not exist"},
	{"[access]\nallow_users = 4294967295\n",
	 "e3.conf:2: [access] allow_users: names a user that does not exist"},
};

static void
every_error_names_its_line(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(bad_configs) / sizeof(bad_configs[0]); i++)
		expect_error(bad_configs[i].text, bad_configs[i].error);
}

static void
a_nul_is_refused(void **state)
{
	static const char text[] = MINIMAL "[e3]\nworkers\0 = 2\n";
	E3ConfigError error;
	E3Config config;

	(void) state;
	assert_status(e3_config_parse(text, sizeof(text) - 1, "e3.conf", &config, &error),
				  EVW_CONFIG);
	assert_string_equal(error.text, "e3.conf:7: line has a NUL byte");
}

/* A comment of "len" bytes as third line of an otherwise good file. */
static EvwStatus
parse_with_line(size_t len, E3ConfigError *error)
{
	char text[1024] = "[e3]\nsocket = /s\n#";
	size_t used = strlen(text);
	E3Config config;

	memset(text + used, 'x', len - 1);
	snprintf(text + used + len - 1, sizeof(text) - used - len, "%s",
			 "\n[keyring]\nfile = /k\npassphrase_file = /p\n");
	return parse(text, &config, error);
}

static void
a_line_has_its_limit(void **state)
{
	E3ConfigError error;

	(void) state;
	assert_status(parse_with_line(E3_CONFIG_LINE_MAX, &error), EVW_OK);
	assert_status(parse_with_line(E3_CONFIG_LINE_MAX + 1, &error), EVW_CONFIG);
	assert_string_equal(error.text, "e3.conf:3: line is longer than 196 bytes");
}

static void
a_file_has_its_limit(void **state)
{
	static char text[E3_CONFIG_FILE_MAX + 1];
	const size_t used = strlen(MINIMAL);
	E3ConfigError error;
	E3Config config;

	(void) state;
	memcpy(text, MINIMAL, used);
	memset(text + used, '\n', sizeof(text) - used);
	assert_status(e3_config_parse(text, E3_CONFIG_FILE_MAX, "e3.conf", &config, &error),
				  EVW_OK);
	assert_status(e3_config_parse(text, sizeof(text), "e3.conf", &config, &error),
				  EVW_CONFIG);
	assert_string_equal(error.text, "e3.conf:0: file is longer than 65536 bytes");
}

static void
a_socket_path_fits_its_address(void **state)
{
	char text[512];
	char path[109];
	E3ConfigError error;
	E3Config config;

	(void) state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	snprintf(text, sizeof(text),
			 "[e3]\nsocket = %s\n[keyring]\nfile = /k\npassphrase_file = /p\n", path);
	expect_error(text, "e3.conf:2: [e3] socket: must be shorter than 108 bytes");
	path[107] = '\0';
	snprintf(text, sizeof(text),
			 "[e3]\nsocket = %s\n[keyring]\nfile = /k\npassphrase_file = /p\n", path);
	assert_status(parse(text, &config, &error), EVW_OK);
	assert_string_equal(config.socket, path);
}

static void
users_have_their_limit(void **state)
{
	char text[512] = MINIMAL "[access]\nallow_users = 1";
	E3ConfigError error;
	E3Config config;

	(void) state;
	for (int i = 1; i < E3_CONFIG_UIDS_MAX; i++)
		memcpy(text + strlen(text), ",2", 3);
	assert_status(parse(text, &config, &error), EVW_OK);
	assert_int_equal(config.n_uids, E3_CONFIG_UIDS_MAX);
	memcpy(text + strlen(text), ",3", 3);
	expect_error(text, "e3.conf:7: [access] allow_users: more than 64 users");
}

#define CREDENTIAL(name)                                                                 \
	"[e3]\nsocket = /s\n[keyring]\nfile = /k\ncredential = " name "\n"

static void
a_credential_lies_in_its_folder(void **state)
{
	E3ConfigError error;
	E3Config config;

	(void) state;
	unsetenv("CREDENTIALS_DIRECTORY");
	expect_error(CREDENTIAL("kek"),
				 "e3.conf:5: [keyring] credential: there is no $CREDENTIALS_DIRECTORY");
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/e3", 1);
	assert_status(parse(CREDENTIAL("kek"), &config, &error), EVW_OK);
	assert_string_equal(config.passphrase_file, "/run/credentials/e3/kek");
	expect_error(CREDENTIAL("../kek"), "e3.conf:5: [keyring] credential: must be the "
									   "name of a credential, not a path");
	expect_error(CREDENTIAL("a/b"), "e3.conf:5: [keyring] credential: must be the name "
									"of a credential, not a path");
	expect_error(MINIMAL "credential = kek\n",
				 "e3.conf:6: [keyring] needs passphrase_file or credential, and not "
				 "both");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void
a_file_is_loaded_or_named(void **state)
{
	char dir[PATH_MAX];
	char shall[PATH_MAX + 128];
	const char *path;
	E3ConfigError error;
	E3Config config;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "e3.conf", 0);
	assert_status(e3_config_load(path, &config, &error), EVW_CONFIG);
	snprintf(shall, sizeof(shall), "%s: No such file or directory", path);
	assert_string_equal(error.text, shall);
	assert_status(e3_config_load(dir, &config, &error), EVW_CONFIG);
	snprintf(shall, sizeof(shall), "%s: not a regular file", dir);
	assert_string_equal(error.text, shall);
	help_write_file(path, MINIMAL, strlen(MINIMAL), 0644);
	assert_status(e3_config_load(path, &config, &error), EVW_OK);
	help_write_file(path, "[e3]\nbad\n", 9, 0644);
	assert_status(e3_config_load(path, &config, &error), EVW_CONFIG);
	snprintf(shall, sizeof(shall), "%s:2: neither a [section] nor a key = value", path);
	assert_string_equal(error.text, shall);
}

static bool
allows(const E3Config *config, const char *peer)
{
	E3Identity identity;

	assert_true(e3_identity_parse(&identity, peer));
	return e3_config_allows(config, &identity);
}

static void
only_the_named_may_connect(void **state)
{
	const E3Identity self = e3_identity_uid(geteuid());
	E3ConfigError error;
	E3Config config;

	(void) state;
	assert_status(parse(MINIMAL "[access]\nallow_users = 12345,12346\n", &config, &error),
				  EVW_OK);
	assert_true(e3_config_allows(&config, &self));
	assert_true(allows(&config, "uid:12345"));
	assert_true(allows(&config, "uid:12346"));
	assert_false(allows(&config, "uid:12347"));
	assert_true(allows(&config, "dns:has.shown.its.certificate"));
	assert_false(allows(&config, "vsock:12345"));
	assert_status(parse(MINIMAL, &config, &error), EVW_OK);
	assert_true(e3_config_allows(&config, &self));
	assert_false(allows(&config, "uid:12345"));
}

#define TLS_FILES "certificate = /c\nkey = /k\nclient_ca = /a\n"

static void
tls_and_vsock_are_whole_or_absent(void **state)
{
	E3ConfigError error;
	E3Config config;

	(void) state;
	assert_status(parse(MINIMAL "[tls]\nlisten = 0.0.0.0:7433, [::]:7434\n" TLS_FILES
								"crl = /r\n[vsock]\nport = 5000\nallow_cids = 3, 16\n",
						&config, &error),
				  EVW_OK);
	assert_int_equal(config.n_tls_listen, 2);
	assert_string_equal(config.tls_listen[0].host, "0.0.0.0");
	assert_string_equal(config.tls_listen[1].host, "::");
	assert_int_equal(config.tls_listen[1].port, 7434);
	assert_string_equal(config.tls_listen[1].text, "tls://[::]:7434");
	assert_string_equal(config.tls.certificate, "/c");
	assert_string_equal(config.tls.key, "/k");
	assert_string_equal(config.tls.client_ca, "/a");
	assert_string_equal(config.tls.crl, "/r");
	assert_int_equal(config.vsock_port, 5000);
	assert_true(allows(&config, "vsock:16"));
	assert_false(allows(&config, "vsock:4"));
	assert_status(parse(MINIMAL, &config, &error), EVW_OK);
	assert_int_equal(config.n_tls_listen, 0);
	assert_int_equal(config.vsock_port, 0);
	expect_error(MINIMAL "[tls]\nlisten = 127.0.0.1:1\ncertificate = /c\nkey = /k\n",
				 "e3.conf:9: [tls] client_ca: is missing");
	expect_error(MINIMAL "[tls]\ncrl = /r\n", "e3.conf:7: [tls] listen: is missing");
	expect_error(MINIMAL "[vsock]\nport = 1\n",
				 "e3.conf:7: [vsock] allow_cids: is missing");
}

static void
addresses_have_their_limits(void **state)
{
	(void) state;
	expect_error(MINIMAL "[tls]\nlisten = 127.0.0.1\n",
				 "e3.conf:7: [tls] listen: must be address:port, comma separated, IPv6 "
				 "addresses in brackets");
	expect_error(MINIMAL "[tls]\nlisten = a:1,b:1,c:1,d:1,e:1\n",
				 "e3.conf:7: [tls] listen: more than 4 addresses");
	expect_error(MINIMAL "[vsock]\nport = 4294967295\n",
				 "e3.conf:7: [vsock] port: must be between 1 and 4294967294");
	expect_error(MINIMAL "[vsock]\nallow_cids = 3,4294967295\n",
				 "e3.conf:7: [vsock] allow_cids: must be numbers from 1 to 4294967294, "
				 "comma separated");
	expect_error(MINIMAL "[vsock]\nallow_cids = 0\n",
				 "e3.conf:7: [vsock] allow_cids: must be numbers from 1 to 4294967294, "
				 "comma separated");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_fill_what_is_not_said),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(every_error_names_its_line),
		cmocka_unit_test(a_nul_is_refused),
		cmocka_unit_test(a_line_has_its_limit),
		cmocka_unit_test(a_file_has_its_limit),
		cmocka_unit_test(a_socket_path_fits_its_address),
		cmocka_unit_test(users_have_their_limit),
		cmocka_unit_test(a_credential_lies_in_its_folder),
		cmocka_unit_test(a_file_is_loaded_or_named),
		cmocka_unit_test(only_the_named_may_connect),
		cmocka_unit_test(tls_and_vsock_are_whole_or_absent),
		cmocka_unit_test(addresses_have_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
