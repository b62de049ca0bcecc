/*
 * unit/audit_threads_test.c
 *	  The audit under many threads: every record is there once, in one chain, whoever
 *	  wrote it; and what cannot be written is said, soon, also where the disk hangs.
 */
#include "e3_help.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "base/secret.h"

#define THREADS 4
#define RECORDS 300

static const E3AuditKey plain_key = {.mac = {7}, .id = {8}};

/* A disk that can be made to hang. */
static struct
{
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool hangs;
	bool stuck; /* somebody is in it */
} disk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* In the place of the C library's, for whatever is linked into this program. */
ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	(void) pthread_mutex_lock(&disk.mutex);
	while (disk.hangs)
	{
		disk.stuck = true;
		(void) pthread_cond_broadcast(&disk.changed);
		(void) pthread_cond_wait(&disk.changed, &disk.mutex);
	}
	(void) pthread_mutex_unlock(&disk.mutex);
	return syscall(SYS_pwrite64, fd, bytes, len, at);
}

static void
set_disk(bool hangs)
{
	(void) pthread_mutex_lock(&disk.mutex);
	disk.hangs = hangs;
	disk.stuck = false;
	(void) pthread_cond_broadcast(&disk.changed);
	(void) pthread_mutex_unlock(&disk.mutex);
}

static void
await_stuck(void)
{
	(void) pthread_mutex_lock(&disk.mutex);
	while (!disk.stuck)
		(void) pthread_cond_wait(&disk.changed, &disk.mutex);
	(void) pthread_mutex_unlock(&disk.mutex);
}

static E3Audit *
start(const char *path, bool closed)
{
	const E3AuditSetup setup = {.path = path, .closed = closed};
	E3AuditKey *key = e3_secret_alloc(sizeof(*key));
	char cause[256] = "";
	E3Audit *audit;

	assert_non_null(key);
	*key = plain_key;
	if (e3_audit_start(&setup, key, &audit, cause) != EVW_OK)
		fail_msg("%s", cause);
	return audit;
}

/* Number of the last record; the log must be whole. */
static uint64_t
last_of(const char *path)
{
	E3AuditReader reader = {.key = &plain_key};
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	if (!e3_audit_read(&reader, file))
		fail_msg("line %llu %s", (unsigned long long) reader.line, reader.cause);
	assert_int_equal(reader.torn, 0);
	(void) fclose(file);
	return reader.chain.last;
}

static void *
write_records(void *arg)
{
	E3Audit *audit = arg;
	const E3AuditRecord record = {.operation = "decrypt", .values = 1, .opened = 1};

	for (int i = 0; i < RECORDS; i++)
	{
		if (i % 10 == 9)
			e3_audit_post(audit, &record);
		else if (e3_audit_write(audit, &record) != EVW_OK)
			return arg;
	}
	return NULL;
}

static void
every_record_is_there_once(void **state)
{
	const char *path = help_path(help_dir, "many", 0);
	E3Audit *audit = start(path, true);
	pthread_t threads[THREADS];
	uint64_t last;
	uint64_t dropped;

	(void) state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_records, audit), 0);
	for (int i = 0; i < 50; i++)
	{
		e3_audit_reopen(audit);
		e3_audit_counts(audit, &last, &dropped);
	}
	for (int i = 0; i < THREADS; i++)
	{
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	e3_audit_counts(audit, &last, &dropped);
	assert_int_equal(dropped, 0);
	e3_audit_stop(audit);
	/* And what E3 says of its start and stop. */
	assert_int_equal(last_of(path), THREADS * RECORDS + 2);
}

/* The log may not grow any more: writing fails as on a full disk. */
static void
what_cannot_be_written_is_said(void **state)
{
	const char *path = help_path(help_dir, "full", 0);
	const E3AuditRecord record = {.operation = "decrypt"};
	struct rlimit before;
	struct rlimit small;
	E3Audit *audit = start(path, true);
	uint64_t written;
	uint64_t last;
	uint64_t dropped;

	(void) state;
	assert_status(e3_audit_write(audit, &record), EVW_OK);
	e3_audit_counts(audit, &written, &dropped);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 600;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_status(e3_audit_write(audit, &record), EVW_AUDIT_FAILED);
	assert_status(e3_audit_write(audit, &record), EVW_AUDIT_FAILED);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	e3_audit_counts(audit, &last, &dropped);
	assert_int_equal(last, written);
	assert_int_equal(dropped, 2);
	assert_int_equal(last_of(path), written);
	/* The next one goes together with one about the two. */
	assert_status(e3_audit_write(audit, &record), EVW_OK);
	assert_int_equal(last_of(path), written + 2);
	e3_audit_stop(audit);
	assert_int_equal(last_of(path), written + 3);
}

/* NULL if the record was refused. */
static void *
write_one(void *arg)
{
	const E3AuditRecord record = {.operation = "decrypt"};

	return e3_audit_write(arg, &record) == EVW_AUDIT_FAILED ? NULL : arg;
}

/* All that wait give up together; who comes later does not begin to wait. */
static void
a_hanging_disk_holds_nobody_for_long(void **state)
{
	const char *path = help_path(help_dir, "hangs", 0);
	const E3AuditRecord record = {.operation = "decrypt"};
	E3Audit *audit = start(path, true);
	pthread_t threads[THREADS];
	uint64_t written;
	uint64_t last;
	uint64_t dropped;
	uint64_t began;

	(void) state;
	assert_status(e3_audit_write(audit, &record), EVW_OK);
	e3_audit_counts(audit, &written, &dropped);
	set_disk(true);
	e3_audit_post(audit, &record);
	await_stuck();
	began = e3_clock_ns();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_one, audit), 0);
	for (int i = 0; i < THREADS; i++)
	{
		void *good;

		assert_int_equal(pthread_join(threads[i], &good), 0);
		assert_null(good);
	}
	assert_true(e3_clock_ns() - began >= E3_AUDIT_WAIT_MS * UINT64_C(1000000));
	began = e3_clock_ns();
	for (int i = 0; i < 3; i++)
		assert_status(e3_audit_write(audit, &record), EVW_AUDIT_FAILED);
	assert_true(e3_clock_ns() - began < E3_AUDIT_WAIT_MS * UINT64_C(1000000) / 2);
	set_disk(false);
	/* The writer moves: those who had begun to wait have a record, too. */
	do
	{
		(void) sched_yield();
		e3_audit_counts(audit, &last, &dropped);
	} while (last < written + 1 + THREADS + 1);
	assert_int_equal(dropped, 3);
	assert_status(e3_audit_write(audit, &record), EVW_OK);
	e3_audit_stop(audit);
	assert_int_equal(last_of(path), last + 2);
}

static int
set_up(void **state)
{
	(void) signal(SIGXFSZ, SIG_IGN);
	return help_arena_and_dir(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_is_there_once),
		cmocka_unit_test(what_cannot_be_written_is_said),
		cmocka_unit_test(a_hanging_disk_holds_nobody_for_long),
	};

	return cmocka_run_group_tests_name("audit_threads", tests, set_up, NULL);
}
