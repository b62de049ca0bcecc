/*
 * unit/audit_test.c
 *	  The audit's chain: every change, cut and drop is found; what records say; and the
 *	  log that is opened again.
 */
#include "e3_help.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/log.h"
#include "audit/verify.h"
#include "base/secret.h"

#define RECORDS 4

static const E3AuditKey key = {.mac = {1, 2, 3}, .id = {4, 5, 6}};

/* A log of so many records after "from"; the end is in *chain. */
static EvwBuf
make_log(E3AuditChain from, int count, E3AuditChain *chain)
{
	static const char body[] = "time=1.000000 operation=decrypt verdict=OK";
	EvwBuf log;

	help_buf_init(&log);
	e3_chain_write_first(&key, &from, &log);
	for (int i = 0; i < count; i++)
		assert_true(
			e3_chain_write_record(&key, &from,
								  (EvwBytes){(const uint8_t *) body, strlen(body)},
								  &log));
	assert_status(log.status, EVW_OK);
	*chain = from;
	return log;
}

static bool
read_bytes(E3AuditReader *reader, const uint8_t *bytes, size_t len)
{
	FILE *file = len > 0 ? fmemopen((void *) bytes, len, "r") : fopen("/dev/null", "r");
	bool good;

	assert_non_null(file);
	good = e3_audit_read(reader, file);
	(void) fclose(file);
	return good;
}

static bool
is_whole(const uint8_t *bytes, size_t len, const E3AuditChain *head)
{
	E3AuditReader reader = {.key = &key, .until = *head};

	return read_bytes(&reader, bytes, len) && reader.passed;
}

static void
every_changed_byte_is_found(void **state)
{
	E3AuditChain head;
	EvwBuf log = make_log((E3AuditChain){0}, RECORDS, &head);

	(void) state;
	assert_true(is_whole(log.data, log.len, &head));
	for (size_t at = 0; at < log.len; at++)
	{
		uint8_t was = log.data[at];

		for (int bit = 0; bit < 8; bit++)
		{
			log.data[at] = (uint8_t) (was ^ 1u << bit);
			assert_false(is_whole(log.data, log.len, &head));
		}
		log.data[at] = was;
	}
	help_buf_free(&log);
}

static void
every_cut_is_found(void **state)
{
	E3AuditChain head;
	EvwBuf log = make_log((E3AuditChain){0}, RECORDS, &head);
	uint8_t *without = malloc(log.len);

	(void) state;
	for (size_t len = 0; len < log.len; len++)
		assert_false(is_whole(log.data, len, &head));
	/* A byte, and ten, taken out anywhere. */
	for (size_t count = 1; count <= 10; count += 9)
		for (size_t at = 0; at + count <= log.len; at++)
		{
			memcpy(without, log.data, at);
			memcpy(without + at, log.data + at + count, log.len - at - count);
			assert_false(is_whole(without, log.len - count, &head));
		}
	free(without);
	help_buf_free(&log);
}

static void
every_dropped_doubled_and_moved_line_is_found(void **state)
{
	E3AuditChain head;
	EvwBuf log = make_log((E3AuditChain){0}, RECORDS, &head);
	uint8_t *other = malloc(2 * log.len);
	size_t starts[RECORDS + 2] = {0};
	int n = 0;

	(void) state;
	for (size_t at = 0; at < log.len; at++)
		if (log.data[at] == '\n')
			starts[++n] = at + 1;
	assert_int_equal(n, RECORDS + 1);
	for (int i = 0; i < n; i++)
	{
		size_t len = starts[i + 1] - starts[i];

		memcpy(other, log.data, starts[i]);
		memcpy(other + starts[i], log.data + starts[i + 1], log.len - starts[i + 1]);
		assert_false(is_whole(other, log.len - len, &head));
		memcpy(other, log.data, starts[i + 1]);
		memcpy(other + starts[i + 1], log.data + starts[i], log.len - starts[i]);
		assert_false(is_whole(other, log.len + len, &head));
		/* A line from elsewhere in front of it. */
		for (int j = 1; j < n; j++)
		{
			size_t more = starts[j + 1] - starts[j];

			memcpy(other, log.data, starts[i]);
			memcpy(other + starts[i], log.data + starts[j], more);
			memcpy(other + starts[i] + more, log.data + starts[i], log.len - starts[i]);
			assert_false(is_whole(other, log.len + more, &head));
		}
	}
	free(other);
	help_buf_free(&log);
}

/* A line of the same number, and a head, from what might have been written instead. */
static void
another_history_is_found(void **state)
{
	const E3AuditChain elsewhere = {.mac = {7}};
	E3AuditChain head;
	E3AuditChain other_head;
	EvwBuf log = make_log((E3AuditChain){0}, RECORDS, &head);
	EvwBuf other = make_log(elsewhere, RECORDS, &other_head);
	size_t start = 0;

	(void) state;
	assert_int_equal(log.len, other.len);
	assert_true(is_whole(other.data, other.len, &other_head));
	assert_false(is_whole(log.data, log.len, &other_head));
	for (size_t at = 0; at < log.len; at++)
	{
		uint8_t line[E3_AUDIT_LINE_MAX];
		size_t len = at + 1 - start;

		if (log.data[at] != '\n')
			continue;
		memcpy(line, log.data + start, len);
		memcpy(log.data + start, other.data + start, len);
		assert_false(is_whole(log.data, log.len, &head));
		memcpy(log.data + start, line, len);
		start = at + 1;
	}
	help_buf_free(&log);
	help_buf_free(&other);
}

static void
another_key_or_kind_does_not_do(void **state)
{
	static const E3AuditKey other = {.mac = {1, 2, 4}, .id = {4, 5, 6}};
	E3AuditChain head;
	E3AuditChain chain;
	EvwBuf log = make_log((E3AuditChain){0}, RECORDS, &head);
	EvwBuf line;
	E3AuditReader reader = {.key = &other};

	(void) state;
	assert_false(read_bytes(&reader, log.data, log.len));
	help_buf_init(&line);
	e3_chain_write_head(&key, &head, &line);
	assert_null(e3_chain_read_head(&key, (EvwBytes){line.data, line.len - 1}, &chain));
	assert_true(e3_chain_equal(&head, &chain));
	assert_non_null(
		e3_chain_read_head(&other, (EvwBytes){line.data, line.len - 1}, &chain));
	assert_non_null(
		e3_chain_read_first(&key, (EvwBytes){line.data, line.len - 1}, &chain));
	assert_non_null(
		e3_chain_read_record(&key, (EvwBytes){line.data, line.len - 1}, &chain));
	help_buf_free(&line);
	help_buf_free(&log);
}

static void
files_follow_on_each_other(void **state)
{
	E3AuditChain middle;
	E3AuditChain head;
	EvwBuf first = make_log((E3AuditChain){0}, 2, &middle);
	EvwBuf second = make_log(middle, 2, &head);
	E3AuditReader reader = {.key = &key, .until = head};

	(void) state;
	assert_true(read_bytes(&reader, first.data, first.len));
	assert_false(reader.passed);
	assert_true(read_bytes(&reader, second.data, second.len));
	assert_true(reader.passed);
	assert_int_equal(reader.first, 1);
	assert_false(read_bytes(&reader, second.data, second.len));
	/* A new file without a record as yet: the head names the last of the one before. */
	help_buf_free(&second);
	second = make_log(middle, 0, &head);
	assert_true(is_whole(second.data, second.len, &middle));
	help_buf_free(&first);
	help_buf_free(&second);
}

static void
long_lines_at_the_limit_and_above(void **state)
{
	static uint8_t body[E3_AUDIT_LINE_MAX];
	/* "seq=1 ", " mac=", the MAC and the newline. */
	size_t most = E3_AUDIT_LINE_MAX - 6 - 5 - 2 * E3_AUDIT_MAC_LEN - 1;
	E3AuditChain chain = {0};
	EvwBuf log = make_log(chain, 0, &chain);

	(void) state;
	memset(body, 'x', sizeof(body));
	assert_false(e3_chain_write_record(&key, &chain, (EvwBytes){body, most + 1}, &log));
	assert_int_equal(chain.last, 0);
	assert_true(e3_chain_write_record(&key, &chain, (EvwBytes){body, most}, &log));
	assert_true(is_whole(log.data, log.len, &chain));
	evw_buf_append(&log, body, sizeof(body));
	assert_false(is_whole(log.data, log.len, &chain));
	help_buf_free(&log);
}

/* ---- records ---- */

static void
records_hold_their_form(void **state)
{
	uint8_t bytes[EVW_APP_MAX * 2];
	char name[E3_IDENTITY_NAME_MAX + 1];
	char body[E3_AUDIT_BODY_MAX];
	char rule[EVW_APP_MAX + 1];
	E3Identity peer;
	E3AuditRoles roles = {0};
	E3AuditRecord record;

	(void) state;
	memset(bytes, '\n', sizeof(bytes));
	memset(name, 'd', sizeof(name) - 1);
	memset(rule, 'r', sizeof(rule) - 1);
	rule[sizeof(rule) - 1] = '\0';
	assert_true(e3_identity_name(&peer, E3_IDENTITY_DNS, name, sizeof(name) - 1));
	for (uint8_t i = 0; i <= E3_AUDIT_ROLES_MAX; i++)
	{
		bytes[0] = i;
		e3_audit_roles_add(&roles, (EvwBytes){bytes, 100});
	}
	e3_audit_roles_add(&roles, (EvwBytes){bytes, 100});
	assert_int_equal(roles.count, E3_AUDIT_ROLES_MAX);
	record =
		(E3AuditRecord){.peer = &peer,
						.operation = "blind_index",
						.subject = {bytes, 127 < sizeof(bytes) ? 127 : sizeof(bytes)},
						.label = {bytes, EVW_LABEL_MAX},
						.app = {bytes, EVW_APP_MAX},
						.roles = &roles,
						.values = UINT32_MAX,
						.opened = UINT32_MAX,
						.refused = UINT32_MAX,
						.verdict = EVW_TOO_MANY_CONNECTIONS,
						.rule = rule,
						.line = UINT32_MAX};
	assert_true(e3_audit_format(&record, UINT64_MAX, body) < E3_AUDIT_BODY_MAX - 1);
	assert_null(strchr(body, '\n'));
	assert_non_null(strstr(body, " rule=rrr"));
	assert_non_null(strstr(body, ",...\""));
	record = (E3AuditRecord){.operation = "start"};
	(void) e3_audit_format(&record, 1000001, body);
	assert_string_equal(body, "time=1.000001 operation=start values=0 opened=0 refused=0 "
							  "verdict=OK");
}

/* ---- the files ---- */

static void
append_one(E3AuditLog *log)
{
	E3AuditChain chain = log->chain;
	EvwBuf lines;

	help_buf_init(&lines);
	assert_true(
		e3_chain_write_record(&key, &chain, (EvwBytes){(uint8_t *) "x", 1}, &lines));
	assert_true(e3_audit_log_append(log, (EvwBytes){lines.data, lines.len}, &chain));
	help_buf_free(&lines);
}

static EvwStatus
open_log(E3AuditLog *log, const char *path, char cause[256])
{
	EvwStatus status = e3_audit_log_open(log, path, &key, true, cause);

	if (status != EVW_OK)
		e3_audit_log_close(log);
	return status;
}

/* Each of the two heads may be torn: the other one is whole. */
static void
a_log_is_opened_again(void **state)
{
	char dir[PATH_MAX];
	char cause[256];
	const char *path;
	char head[PATH_MAX];
	E3AuditLog log;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "audit", 0);
	assert_true(snprintf(head, sizeof(head), "%s.head", path) < (int) sizeof(head));
	assert_status(open_log(&log, path, cause), EVW_OK);
	append_one(&log);
	append_one(&log);
	e3_audit_log_close(&log);
	for (int slot = 0; slot < E3_AUDIT_HEAD_SLOTS; slot++)
	{
		FILE *file = fopen(head, "r+");

		assert_int_equal(fseek(file, slot * E3_AUDIT_FIXED_MAX + 30, SEEK_SET), 0);
		assert_int_equal(fputc('#', file), '#');
		(void) fclose(file);
		assert_status(open_log(&log, path, cause), EVW_OK);
		append_one(&log);
		append_one(&log);
		assert_int_equal(log.chain.last, 4 + 2 * slot);
		e3_audit_log_close(&log);
	}
	assert_int_equal(truncate(path, 400), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);
	assert_int_equal(unlink(path), 0);
	assert_status(open_log(&log, path, cause), EVW_OK);
	assert_int_equal(log.chain.last, 6);
	append_one(&log);
	e3_audit_log_close(&log);
	assert_int_equal(unlink(head), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);
}

/* Neither log nor head, whose name it is, may be another's to write, or elsewhere. */
static void
expect_ours(const char *path, const char *name)
{
	char aside[PATH_MAX];
	char cause[256];
	E3AuditLog log;

	assert_true(snprintf(aside, sizeof(aside), "%s.aside", name) < (int) sizeof(aside));
	assert_int_equal(chmod(name, 0620), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);
	assert_int_equal(chmod(name, 0602), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);
	assert_int_equal(chmod(name, 0600), 0);

	assert_int_equal(link(name, aside), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(symlink(aside, name), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_status(open_log(&log, path, cause), EVW_AUDIT_LOG);

	assert_int_equal(rename(aside, name), 0);
	assert_status(open_log(&log, path, cause), EVW_OK);
	e3_audit_log_close(&log);
}

static void
what_is_not_ours_is_refused(void **state)
{
	char dir[PATH_MAX];
	char head[PATH_MAX];
	char cause[256];
	const char *path;
	E3AuditLog log;

	(void) state;
	help_make_dir(dir);
	path = help_path(dir, "audit", 0);
	assert_true(snprintf(head, sizeof(head), "%s.head", path) < (int) sizeof(head));
	assert_status(open_log(&log, path, cause), EVW_OK);
	append_one(&log);
	e3_audit_log_close(&log);
	expect_ours(path, path);
	expect_ours(path, head);
	assert_status(open_log(&log, help_path(dir, "no/audit", 1), cause), EVW_AUDIT_LOG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_changed_byte_is_found),
		cmocka_unit_test(every_cut_is_found),
		cmocka_unit_test(every_dropped_doubled_and_moved_line_is_found),
		cmocka_unit_test(another_history_is_found),
		cmocka_unit_test(another_key_or_kind_does_not_do),
		cmocka_unit_test(files_follow_on_each_other),
		cmocka_unit_test(long_lines_at_the_limit_and_above),
		cmocka_unit_test(records_hold_their_form),
		cmocka_unit_test(a_log_is_opened_again),
		cmocka_unit_test(what_is_not_ours_is_refused),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
