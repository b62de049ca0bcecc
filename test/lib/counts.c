/*
 * lib/counts.c
 *	  Linked into builds of test/coverage, so that lines are counted where gcov's own
 *	  means do not reach; with the linker's --wrap=syscall and --wrap=_exit.
 *
 * A process that ends by _exit writes its counts before, and one that shuts itself off
 * from the file system by Landlock still reaches the files of COUNTS_DIR.  One that is
 * told to stop at once while it writes, as by an immediate shutdown of PostgreSQL, which
 * would spoil the counts of all before it, goes on to the end.  A process that is killed
 * writes none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <gcov.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RULE_BENEATH 1
/* Of <linux/landlock.h>: write and read files. */
#define WRITE_AND_READ UINT64_C(6)
#define ARGUMENTS 6

typedef struct __attribute__((packed)) Beneath
{
	uint64_t allowed;
	int32_t parent_fd;
} Beneath;

extern long __real_syscall(long number, ...);
extern long __wrap_syscall(long number, ...);
extern void __real__exit(int status) __attribute__((noreturn));
extern void __wrap__exit(int status) __attribute__((noreturn));

/* Before the destructors of gcov, whose priority says that they come last. */
static void __attribute__((destructor)) be_undisturbed(void)
{
	sigset_t all;

	(void) sigfillset(&all);
	(void) sigprocmask(SIG_BLOCK, &all, NULL);
}

void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

static void
keep_reaching_counts(int ruleset)
{
	Beneath rule = {WRITE_AND_READ, open(COUNTS_DIR, O_PATH | O_CLOEXEC)};

	(void) __real_syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

long
__wrap_syscall(long number, ...)
{
	long a[ARGUMENTS];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ARGUMENTS; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_landlock_restrict_self)
		keep_reaching_counts((int) a[0]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
