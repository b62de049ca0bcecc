/*
 * unit/failing_files_test.c
 *	  Calls that fail while files are read and written: each is noticed, and what was
 *	  there before is there still, whole.
 */
#include "e3_help.h"

#include "audit/audit.h"
#include "audit/log.h"
#include "base/file.h"
#include "base/secret.h"
#include "failing.h"
#include "keyring/keyring.h"
#include "keyring/opener.h"
#include "keyring/store.h"
#include "policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[PATH_MAX + 64];
static char phrase[PATH_MAX + 64];
static const E3Kek kek = {.passphrase_file = phrase};
static const E3AuditKey audit_key = {.mac = {1}, .id = {2}};

static int
set_up(void **state)
{
	if (help_arena_and_dir(state) != 0)
		return -1;
	snprintf(phrase, sizeof(phrase), "%s/passphrase", help_dir);
	help_write_file(phrase, "open sesame", 11, 0600);
	return 0;
}

/* For the file of a test. */
static void
name_file(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", help_dir, name);
}

static bool
is_there(const char *suffix)
{
	char name[PATH_MAX + 128];
	struct stat info;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &info) == 0;
}

/* ---- whole files ---- */

static bool
holds(const char *content)
{
	EvwBuf buf;
	bool same;

	help_buf_init(&buf);
	same = e3_file_read(path, E3_FILE_PRIVATE, 100, &buf) == E3_FILE_OK &&
		   buf.len == strlen(content) && memcmp(buf.data, content, buf.len) == 0;
	help_buf_free(&buf);
	return same;
}

static bool
replace(void *context)
{
	E3FileResult result;
	bool old;
	bool new;

	(void) context;
	failing_pause();
	help_write_file(path, "old", 3, 0600);
	failing_resume();
	result = e3_file_replace(path, (EvwBytes){(const uint8_t *) "new", 3});
	failing_pause();
	old = holds("old");
	new = holds("new");
	failing_resume();
	assert_true(old || new);
	assert_false(is_there(".new"));
	assert_true(new || result != E3_FILE_OK);
	return result == E3_FILE_OK && holds("new");
}

static bool
create(void *context)
{
	E3FileResult result;
	bool there;

	(void) context;
	result = e3_file_create(path, (EvwBytes){(const uint8_t *) "new", 3});
	there = is_there("");
	(void) unlink(path);
	assert_int_equal(there, result == E3_FILE_OK);
	return there;
}

static void
every_call_of_whole_files_may_fail(void **state)
{
	(void) state;
	name_file("whole");
	assert_true(failing_each(replace, NULL, "") > 5);
	assert_int_equal(unlink(path), 0);
	assert_true(failing_each(create, NULL, "") > 5);
}

static void
a_name_that_is_too_long_is_refused(void **state)
{
	char name[PATH_MAX];

	(void) state;
	memset(name, 'a', sizeof(name));
	name[0] = '/';
	/* With ".new" behind it there would be no room for the zero. */
	name[PATH_MAX - 4] = '\0';
	assert_int_equal(e3_file_replace(name, (EvwBytes){NULL, 0}), E3_FILE_IO);
	assert_int_equal(errno, ENAMETOOLONG);
}

/* ---- the keyring ---- */

static bool
save_and_load(void *context)
{
	E3Keyring *keyring = context;
	E3Keyring *loaded = NULL;
	E3CustodyKind kind;
	EvwStatus status = e3_store_save(path, &kek, keyring);

	if (status == EVW_OK)
		status = e3_store_kind(path, &kind);
	if (status == EVW_OK)
		status = e3_store_load(path, &kek, &loaded);
	assert_true((status == EVW_OK) == (loaded != NULL));
	if (loaded == NULL)
		return false;
	assert_int_equal(kind, E3_CUSTODY_PASSPHRASE);
	assert_int_equal(e3_keyring_generation(loaded), e3_keyring_generation(keyring));
	e3_keyring_release(loaded);
	return true;
}

/* After whatever has failed: the file opens. */
static bool
save_or_keep(void *context)
{
	bool good = save_and_load(context);

	failing_pause();
	if (!good)
	{
		E3Keyring *loaded;

		assert_status(e3_store_load(path, &kek, &loaded), EVW_OK);
		e3_keyring_release(loaded);
	}
	failing_resume();
	return good;
}

/* As save_and_load, of what is there, on another thread. */
static bool
open_beside(void *context)
{
	E3Opener *opener = e3_opener_start(path, &kek);
	E3Keyring *loaded;
	EvwStatus status;

	(void) context;
	if (opener == NULL)
		return false;
	assert_true(e3_opener_fd(opener) >= 0);
	status = e3_opener_end(opener, &loaded);
	assert_true((status == EVW_OK) == (loaded != NULL));
	e3_keyring_release(loaded);
	return status == EVW_OK;
}

static void
every_call_of_the_keyring_file_may_fail(void **state)
{
	E3Keyring *keyring = e3_keyring_new();

	(void) state;
	name_file("keyring");
	e3_keyring_set_generation(keyring, 7);
	assert_status(e3_store_save(path, &kek, keyring), EVW_OK);
	assert_true(failing_each(save_or_keep, keyring, "") > 20);
	assert_true(failing_each(open_beside, NULL, " write ") > 5);
	e3_keyring_release(keyring);
}

static void
a_keyring_file_names_its_custody_or_is_none(void **state)
{
	E3CustodyKind kind;

	(void) state;
	name_file("none");
	assert_status(e3_store_kind(path, &kind), EVW_KEYRING_IO);
	help_write_file(path, "E3KR, and no more", 17, 0600);
	assert_status(e3_store_kind(path, &kind), EVW_KEYRING_FORMAT);
	help_write_file(path, "E3KR", 4, 0644);
	assert_status(e3_store_kind(path, &kind), EVW_KEYRING_PERMISSIONS);
}

/* ---- the policy ---- */

static const char token_pem[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESzQVsDgveTsPC2SwoNYe9xMk6wJM\n"
	"PPIwPrNZHP8gKAPqCDWkOhySGkZ3bW5m6yV2W8bA5oECUCvR8oDWck9vDA==\n"
	"-----END PUBLIC KEY-----\n";

/* A rule, and an issuer with a key in "token.pem". */
static void
write_policy(void)
{
	char text[3 * PATH_MAX];
	int len =
		snprintf(text, sizeof(text),
				 "[issuer i]\nissuer = https://x\nkey = %s/token.pem\n"
				 "[rule r]\nidentity = any\noperations = encrypt\napps = *\nroles = *\n"
				 "[quota q]\nidentity = any\nvalues_per_second = 10\n",
				 help_dir);

	name_file("token.pem");
	help_write_file(path, token_pem, strlen(token_pem), 0644);
	name_file("policy");
	help_write_file(path, text, (size_t) len, 0644);
}

static bool
load_policy(void *context)
{
	E3PolicyError *error = context;
	E3Policy *policy;
	EvwStatus status;

	error->text[0] = '\0';
	status = e3_policy_load(path, &policy, error);
	assert_true((status == EVW_OK) == (policy != NULL));
	assert_true(status != EVW_CONFIG || error->text[0] != '\0');
	e3_policy_release(policy);
	return status == EVW_OK;
}

static void
every_call_of_the_policy_may_fail(void **state)
{
	E3PolicyError error;

	(void) state;
	write_policy();
	assert_true(failing_each(load_policy, &error, "") > 8);
}

static void
refused_because(const char *why)
{
	E3PolicyError error;

	assert_false(load_policy(&error));
	if (strstr(error.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, why);
}

static void
a_policy_that_others_could_have_written_is_refused(void **state)
{
	static char long_text[(1 << 20) + 2];

	(void) state;
	write_policy();
	name_file("token.pem");
	help_write_file(path, "no key", 6, 0644);
	name_file("policy");
	refused_because("policy:1: ");
	name_file("token.pem");
	assert_int_equal(unlink(path), 0);
	name_file("policy");
	refused_because("token.pem: No such file");
	write_policy();
	assert_int_equal(chmod(path, 0666), 0);
	refused_because("may be written by others");
	memset(long_text, '\n', sizeof(long_text));
	help_write_file(path, long_text, sizeof(long_text), 0644);
	refused_because("too long");
	assert_int_equal(unlink(path), 0);
	refused_because("No such file");
}

/* ---- the audit's log ---- */

static bool
append(E3AuditLog *log, E3AuditChain *chain)
{
	const EvwBytes body = BYTES("operation=decrypt verdict=OK");
	E3AuditChain before = *chain;
	EvwBuf lines;
	bool good;

	e3_buf_init(&lines);
	good = e3_chain_write_record(&audit_key, chain, body, &lines) &&
		   lines.status == EVW_OK &&
		   e3_audit_log_append(log, (EvwBytes){lines.data, lines.len}, chain);
	e3_buf_release(&lines);
	if (!good)
		*chain = before;
	return good;
}

static bool
open_log(E3AuditLog *log, E3AuditChain *chain)
{
	char cause[256] = "";
	bool good = e3_audit_log_open(log, path, &audit_key, true, cause) == EVW_OK;

	assert_true(good || cause[0] != '\0');
	*chain = log->chain;
	return good;
}

static bool
open_and_append(void *context)
{
	E3AuditLog log;
	E3AuditChain chain;
	bool good = open_log(&log, &chain) && append(&log, &chain);

	(void) context;
	e3_audit_log_close(&log);
	return good;
}

/* Goes on in a new file where the old one has been moved away. */
static bool
append_and_reopen(void *context)
{
	char moved_to[PATH_MAX + 80];
	E3AuditLog log;
	E3AuditChain chain;
	bool moved = false;
	bool good;

	(void) context;
	snprintf(moved_to, sizeof(moved_to), "%s.1", path);
	failing_pause();
	assert_true(open_log(&log, &chain));
	failing_resume();
	good = append(&log, &chain) && rename(path, moved_to) == 0 &&
		   e3_audit_log_reopen(&log, &moved) && moved && append(&log, &chain);
	e3_audit_log_close(&log);
	return good;
}

typedef struct LogAct
{
	FailingAct act;
	bool begun; /* there is a log */
} LogAct;

static void
remove_log(void)
{
	static const char *const suffixes[] = {"", ".head", ".1"};
	char name[PATH_MAX + 80];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
	{
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		assert_true(unlink(name) == 0 || errno == ENOENT);
	}
}

/* After whatever has failed: what is there is whole, and E3 goes on from there. */
static bool
act_and_go_on(void *context)
{
	const LogAct *log = context;
	bool good;

	failing_pause();
	remove_log();
	if (log->begun)
		assert_true(open_and_append(NULL));
	failing_resume();
	good = log->act(NULL);
	failing_pause();
	assert_true(open_and_append(NULL));
	failing_resume();
	return good;
}

static void
every_call_of_the_audit_log_may_fail(void **state)
{
	LogAct begin = {.act = open_and_append};
	LogAct go_on = {.act = open_and_append, .begun = true};
	LogAct reopen = {.act = append_and_reopen, .begun = true};

	(void) state;
	name_file("audit");
	assert_true(failing_each(act_and_go_on, &begin, "") > 10);
	/* Of two heads one is enough. */
	assert_true(failing_each(act_and_go_on, &go_on, "HMAC") > 10);
	/* What is in the log that was moved has been synced record by record. */
	assert_true(failing_each(act_and_go_on, &reopen, "fsync") > 10);
}

static void
what_is_no_log_of_our_own_is_refused(void **state)
{
	E3AuditLog log;
	char cause[256];

	(void) state;
	name_file("foreign");
	help_write_file(path, "", 0, 0600);
	assert_status(e3_audit_log_open(&log, path, &audit_key, false, cause), EVW_AUDIT_LOG);
	assert_non_null(strstr(cause, "is missing, and the log is not"));
	e3_audit_log_close(&log);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	name_file("foreign.head");
	help_write_file(path, "", 0, 0622);
	name_file("foreign");
	assert_status(e3_audit_log_open(&log, path, &audit_key, false, cause), EVW_AUDIT_LOG);
	assert_non_null(strstr(cause, strerror(EPERM)));
	e3_audit_log_close(&log);
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_whole_files_may_fail),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(every_call_of_the_keyring_file_may_fail),
		cmocka_unit_test(a_keyring_file_names_its_custody_or_is_none),
		cmocka_unit_test(every_call_of_the_policy_may_fail),
		cmocka_unit_test(a_policy_that_others_could_have_written_is_refused),
		cmocka_unit_test(every_call_of_the_audit_log_may_fail),
		cmocka_unit_test(what_is_no_log_of_our_own_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
