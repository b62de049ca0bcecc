/*
 * unit/secret_test.c
 *	  The locked arena, and buffers that are wiped.
 */
#include "e3_help.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"

#define ARENA (1 << 16)
#define SMALL 1000
#define BIG (512 << 10)

static void
there_is_nothing_before_init(void **state)
{
	(void) state;
	assert_null(e3_secret_alloc(16));
}

/* Exit status of a child that may lock nothing and asks for an arena. */
static int
ask_without_locking(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		return 2;
	/* Root locks without a limit. */
	if (geteuid() == 0 && setuid(65534) != 0)
		return 2;
	return e3_secret_init(ARENA) == EVW_INTERNAL && e3_secret_alloc(16) == NULL ? 0 : 1;
}

static void
memory_that_cannot_be_locked_is_refused(void **state)
{
	pid_t child = fork();
	int status;

	(void) state;
	if (child == 0)
		_exit(ask_without_locking());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What a child process sees of this memory: 0 if it can read it, else the error. */
static int
error_of_reading(const void *at)
{
	int ends[2];

	if (pipe(ends) != 0)
		return -1;
	return write(ends[1], at, 1) == 1 ? 0 : errno;
}

static void
a_child_does_not_inherit_locked_mappings(void **state)
{
	E3Locked locked;
	pid_t child;
	int status;

	(void) state;
	assert_true(e3_locked_map(&locked, 5000));
	assert_true(locked.len >= 5000);
	for (size_t i = 0; i < locked.len; i++)
		assert_int_equal(((uint8_t *) locked.at)[i], 0);
	memset(locked.at, 1, locked.len);
	assert_int_equal(error_of_reading(locked.at), 0);
	child = fork();
	if (child == 0)
		_exit(error_of_reading(locked.at));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EFAULT);
	e3_locked_unmap(&locked);
	assert_null(locked.at);
	e3_locked_unmap(&locked);
}

/* As the process that E3 starts in: is a piece of its arena there in a child? */
static int
fork_with_arena(void)
{
	void *piece;
	bool hidden;
	pid_t child;
	int status;

	if (e3_secret_init(ARENA) != EVW_OK || e3_secret_hide(&hidden) != EVW_OK)
		return 1;
	piece = e3_secret_alloc(64);
	child = fork();
	if (child == 0)
		_exit(error_of_reading(piece));
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 2;
	return WEXITSTATUS(status) == EFAULT ? 0 : 3;
}

static void
a_child_does_not_inherit_the_arena(void **state)
{
	pid_t child = fork();
	int status;

	(void) state;
	if (child == 0)
		_exit(fork_with_arena());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What a child does to its own locked mapping; never returns where a guard is. */
static int
overflow(bool hide, int by)
{
	volatile uint8_t *at;
	E3Locked locked;
	bool hidden = false;

	if (e3_secret_init(ARENA) != EVW_OK ||
		(hide && (e3_secret_hide(&hidden) != EVW_OK || !hidden)))
		return 77;
	if (!e3_locked_map(&locked, 5000))
		return 1;
	at = locked.at;
	at[by < 0 ? 0 : (int) locked.len - 1] = 1;
	at[by < 0 ? by : (int) locked.len + by] = 1;
	return 0;
}

static void
expect_death(bool hide, int by)
{
	pid_t child = fork();
	int status;

	if (child == 0)
	{
		/* A sanitizer would make a report and an exit status of it. */
		(void) signal(SIGSEGV, SIG_DFL);
		_exit(overflow(hide, by));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
	{
		print_message("skipped: this kernel has no secret memory\n");
		skip();
	}
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void
an_overflow_of_a_guarded_slot_ends_the_process(void **state)
{
	(void) state;
	expect_death(false, 0);
	expect_death(false, 4095);
	/* Back over what the length leaves of its page. */
	expect_death(false, -(8192 - 5056) - 1);
}

static void
so_does_one_of_secret_memory(void **state)
{
	(void) state;
	expect_death(true, 0);
	expect_death(true, -(8192 - 5056) - 1);
}

/* How the kernel reads for another process: through its own map. */
static bool
kernel_reads(const void *at)
{
	struct iovec here = {.iov_base = &(uint64_t){0}, .iov_len = 8};
	struct iovec there = {.iov_base = (void *) (uintptr_t) at, .iov_len = 8};

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 8;
}

/* 0 if all is well, 77 if this kernel has no secret memory. */
static int
hide_and_look(void)
{
	void *early = NULL;
	uint8_t *pieces[64];
	E3Locked locked;
	bool hidden;

	if (e3_secret_init(ARENA) != EVW_OK || (early = e3_secret_alloc(64)) == NULL)
		return 1;
	if (e3_secret_hide(&hidden) != EVW_OK)
		return 2;
	if (!hidden)
		return 77;
	/* The lists of the arena have moved with it. */
	for (int i = 0; i < 64; i++)
	{
		pieces[i] = e3_secret_alloc(512);
		if (pieces[i] == NULL || kernel_reads(pieces[i]))
			return 3;
		memset(pieces[i], i, 512);
	}
	for (int i = 0; i < 64; i++)
		if (pieces[i][0] != i || pieces[i][511] != i)
			return 4;
	for (int i = 0; i < 64; i++)
		e3_secret_free(pieces[i], 512);
	e3_secret_free(early, 64);
	if (!e3_locked_map(&locked, 5000) || kernel_reads(locked.at))
		return 5;
	e3_locked_unmap(&locked);
	return kernel_reads(&locked) ? 0 : 6;
}

static void
secret_memory_is_not_read_through_the_kernel(void **state)
{
	pid_t child = fork();
	int status;

	(void) state;
	if (child == 0)
		_exit(hide_and_look());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
	{
		print_message("skipped: this kernel has no secret memory\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Key schedules of some libraries want 64 bytes. */
static void
pieces_are_aligned(void **state)
{
	void *pieces[8];

	(void) state;
	for (size_t len = 33; len <= 4096; len += 61)
	{
		for (int i = 0; i < 8; i++)
		{
			size_t aligned = 64;

			while (aligned < len)
				aligned *= 2;
			pieces[i] = e3_secret_alloc(len);
			assert_non_null(pieces[i]);
			assert_int_equal((uintptr_t) pieces[i] % aligned, 0);
		}
		for (int i = 0; i < 8; i++)
			e3_secret_free(pieces[i], len);
	}
}

static void
fill(EvwBuf *buf, size_t len)
{
	uint8_t *at = evw_buf_extend(buf, len);

	assert_non_null(at);
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t) (i * 7 + len);
}

static void
check(const EvwBuf *buf, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buf->data[from + i], (uint8_t) (i * 7 + len));
}

static void
a_buffer_keeps_its_bytes_as_it_grows(void **state)
{
	EvwBuf buf;

	(void) state;
	e3_buf_init(&buf);
	fill(&buf, SMALL);
	fill(&buf, BIG);	 /* becomes a mapping */
	fill(&buf, 3 * BIG); /* the mapping grows */
	assert_int_equal(buf.len, SMALL + 4 * BIG);
	assert_true(buf.cap >= buf.len);
	check(&buf, 0, SMALL);
	check(&buf, SMALL, BIG);
	check(&buf, SMALL + BIG, 3 * BIG);
	e3_buf_release(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.cap, 0);
}

static void
a_released_buffer_can_be_used_again(void **state)
{
	EvwBuf buf;

	(void) state;
	e3_buf_init(&buf);
	e3_buf_release(&buf);
	fill(&buf, SMALL);
	check(&buf, 0, SMALL);
	e3_buf_release(&buf);
}

static void
a_buffer_that_cannot_grow_is_left_alone(void **state)
{
	EvwBuf buf;

	(void) state;
	e3_buf_init(&buf);
	fill(&buf, BIG);
	assert_false(e3_buf_grow(&buf, SIZE_MAX));
	assert_false(e3_buf_grow(&buf, SIZE_MAX / 4));
	check(&buf, 0, BIG);
	e3_buf_release(&buf);
}

/* Does the mapping at "address" have this flag in smaps? */
static bool
mapping_has(const void *address, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	char line[4096];
	bool inside = false;
	bool found = false;

	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps) != NULL)
	{
		unsigned long from;
		unsigned long to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (unsigned long) address >= from && (unsigned long) address < to;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(smaps);
	return found;
}

/* An emulator of another processor may leave such advice to itself. */
static void
skip_unless_advice_shows(void)
{
	void *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool shows;

	assert_true(page != MAP_FAILED);
	assert_int_equal(madvise(page, 4096, MADV_DONTDUMP), 0);
	shows = mapping_has(page, " dd");
	assert_int_equal(munmap(page, 4096), 0);
	if (!shows)
	{
		print_message("skipped: /proc/self/smaps does not show MADV_DONTDUMP here\n");
		skip();
	}
}

static void
a_big_buffer_is_left_out_of_core_files(void **state)
{
	EvwBuf buf;

	(void) state;
	skip_unless_advice_shows();
	e3_buf_init(&buf);
	fill(&buf, BIG);
	assert_true(mapping_has(buf.data, " dd"));
	fill(&buf, BIG);
	assert_true(mapping_has(buf.data, " dd"));
	assert_false(mapping_has(state, " dd"));
	e3_buf_release(&buf);
}

static void
init_forbids_dumps(void **state)
{
	struct rlimit core;

	(void) state;
	assert_status(e3_secret_init(ARENA), EVW_OK);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
	assert_status(e3_secret_init(ARENA), EVW_OK);
}

static void
secrets_come_zeroed_from_the_arena(void **state)
{
	const uint8_t zeros[256] = {0};
	uint8_t *secret = e3_secret_alloc(sizeof(zeros));

	(void) state;
	assert_non_null(secret);
	assert_true(CRYPTO_secure_allocated(secret));
	assert_memory_equal(secret, zeros, sizeof(zeros));
	e3_secret_free(secret, sizeof(zeros));
	e3_secret_free(NULL, 0);
}

/* The arena stays mapped, so what is left of a freed secret can be looked at. */
static void
a_freed_secret_is_wiped(void **state)
{
	/* OpenSSL links free pieces through their first bytes. */
	const size_t links = 2 * sizeof(void *);
	uint8_t *secret = e3_secret_alloc(256);

	(void) state;
	assert_non_null(secret);
	memset(secret, 0xa5, 256);
	e3_secret_free(secret, 256);
	for (size_t i = links; i < 256; i++)
		assert_int_equal(secret[i], 0);
}

static void
a_full_arena_gives_nothing(void **state)
{
	void *secrets[ARENA / 4096 + 1] = {0};
	size_t count = 0;

	(void) state;
	assert_null(e3_secret_alloc(2 * ARENA));
	while (count < sizeof(secrets) / sizeof(secrets[0]) &&
		   (secrets[count] = e3_secret_alloc(4096)) != NULL)
		count++;
	assert_in_range(count, 1, ARENA / 4096);
	for (size_t i = 0; i < count; i++)
		e3_secret_free(secrets[i], 4096);
	secrets[0] = e3_secret_alloc(4096);
	assert_non_null(secrets[0]);
	e3_secret_free(secrets[0], 4096);
}

int
main(void)
{
	/* In this order: what needs an arena comes after it has been made. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_nothing_before_init),
		cmocka_unit_test(memory_that_cannot_be_locked_is_refused),
		cmocka_unit_test(an_overflow_of_a_guarded_slot_ends_the_process),
		cmocka_unit_test(so_does_one_of_secret_memory),
		cmocka_unit_test(secret_memory_is_not_read_through_the_kernel),
		cmocka_unit_test(a_buffer_keeps_its_bytes_as_it_grows),
		cmocka_unit_test(a_released_buffer_can_be_used_again),
		cmocka_unit_test(a_buffer_that_cannot_grow_is_left_alone),
		cmocka_unit_test(a_big_buffer_is_left_out_of_core_files),
		cmocka_unit_test(init_forbids_dumps),
		cmocka_unit_test(secrets_come_zeroed_from_the_arena),
		cmocka_unit_test(a_child_does_not_inherit_locked_mappings),
		cmocka_unit_test(a_child_does_not_inherit_the_arena),
		cmocka_unit_test(pieces_are_aligned),
		cmocka_unit_test(a_freed_secret_is_wiped),
		cmocka_unit_test(a_full_arena_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
