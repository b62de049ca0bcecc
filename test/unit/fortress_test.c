/*
 * unit/fortress_test.c
 *	  The process that shuts itself off, in child processes: what ends them, and what they
 *	  do not see.
 */
#include "fortress_help.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "fortress/fortress.h"
#include "fortress/kernel.h"

#define ARENA (1 << 16)

/* ---- system calls ---- */

static void
call_fork(void)
{
	(void) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void
call_execve(void)
{
	char *const none[] = {NULL};

	(void) execve("/bin/true", none, none);
}

static void
call_socket(void)
{
	(void) socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
call_connect(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET};

	(void) connect(0, (const struct sockaddr *) &address, sizeof(address));
}

static void
send_and_connect(void)
{
	(void) send(0, "", 0, MSG_FASTOPEN);
}

static void
send_message_and_connect(void)
{
	const struct msghdr message = {0};

	(void) sendmsg(0, &message, MSG_FASTOPEN);
}

static void
call_bind(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET};

	(void) bind(0, (const struct sockaddr *) &address, sizeof(address));
}

static void
call_ptrace(void)
{
	(void) ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void
call_process_vm_readv(void)
{
	(void) process_vm_readv(1, NULL, 0, NULL, 0, 0);
}

static void
call_memfd_create(void)
{
	(void) syscall(SYS_memfd_create, "", 0);
}

static void
call_kill(void)
{
	(void) kill(getpid(), 0);
}

/* Its own turns on the processor a thread may ask for. */
static void
schedule_another(void)
{
	(void) syscall(SYS_sched_setattr, 1, NULL, 0);
}

static void
call_ioctl(void)
{
	int waiting;

	(void) ioctl(0, FIONREAD, &waiting);
}

static void
map_code(void)
{
	(void) mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
make_code(void)
{
	static char page[8192];
	uintptr_t at = ((uintptr_t) page + 4095) & ~(uintptr_t) 4095;

	(void) mprotect((void *) at, 4096, PROT_READ | PROT_EXEC);
}

static void
take_foreign_number(void)
{
	(void) syscall(100000);
}

static void
a_forbidden_call_ends_the_process(void **state)
{
	static void (*const calls[])(
		void) = {call_fork,			call_execve,	  call_socket,
				 call_connect,		send_and_connect, send_message_and_connect,
				 call_bind,			call_ptrace,	  call_process_vm_readv,
				 call_memfd_create, call_kill,		  map_code,
				 make_code,			call_ioctl,		  take_foreign_number,
				 schedule_another};

	(void) state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		expect_signal(shut_and_call, (void *) &calls[i], SIGSYS);
}

/* A thread that was there before is shut in as well. */
static void *
wait_and_connect(void *argument)
{
	char go;

	if (read(*(int *) argument, &go, 1) == 1)
		call_connect();
	return NULL;
}

static int
call_in_older_thread(void *argument)
{
	int ends[2];
	pthread_t thread;

	(void) argument;
	if (pipe(ends) != 0 || pthread_create(&thread, NULL, wait_and_connect, ends) != 0)
		return 1;
	if (!e3_kernel_close_calls())
		return NOT_THERE;
	if (write(ends[1], "", 1) != 1)
		return 1;
	(void) pthread_join(thread, NULL);
	return 0;
}

static void
threads_of_before_are_shut_in(void **state)
{
	(void) state;
	expect_signal(call_in_older_thread, NULL, SIGSYS);
}

/* ---- files ---- */

static bool
can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int
open_shut_in(void *argument)
{
	const char *dir = argument;
	const char *read_here = help_path(dir, "read/file", 0);
	const char *written = help_path(dir, "written/file", 1);
	const char *linked = help_path(dir, "read/link", 2);
	const char *other = help_path(dir, "other/file", 3);
	const E3FortressPath paths[] = {{read_here, false},
									{written, true},
									{linked, false},
									{"", false}};

	if (!e3_kernel_close_paths(paths, 4))
		return NOT_THERE;
	if (!can_open(read_here, O_RDONLY) || can_open(read_here, O_WRONLY))
		return 1;
	if (!can_open(written, O_RDWR | O_CREAT | O_TRUNC) || unlink(written) != 0)
		return 2;
	/* The link leads out of its directory, to one where it was followed to. */
	if (!can_open(linked, O_RDONLY) || can_open(other, O_RDONLY) || errno != EACCES)
		return 3;
	/* A file that comes in the place of another. */
	return can_open("/etc/passwd", O_RDONLY) && !can_open("/proc/self/maps", O_RDONLY)
			   ? 0
			   : 4;
}

static void
make_file(const char *dir, const char *name)
{
	assert_true(can_open(help_path(dir, name, 0), O_WRONLY | O_CREAT));
}

static void
only_named_directories_are_seen(void **state)
{
	static const char *const parts[] = {"read", "written", "other", "target"};
	char dir[PATH_MAX];

	(void) state;
	help_make_dir(dir);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_int_equal(mkdir(help_path(dir, parts[i], 0), 0700), 0);
	make_file(dir, "read/file");
	make_file(dir, "other/file");
	make_file(dir, "target/file");
	assert_int_equal(symlink(help_path(dir, "target/file", 0),
							 help_path(dir, "read/link", 1)),
					 0);
	expect_good(open_shut_in, dir);
}

/* Closes paths, of a Landlock that has what this version of it brought. */
static bool
close_by_landlock(long version)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) >= version &&
		   e3_kernel_close_paths(NULL, 0);
}

static int
signal_parent(void *argument)
{
	(void) argument;
	if (!close_by_landlock(6))
		return NOT_THERE;
	return kill(getppid(), 0) == -1 && errno == EPERM ? 0 : 1;
}

static void
other_processes_are_not_signalled(void **state)
{
	(void) state;
	expect_good(signal_parent, NULL);
}

static int
connect_to(void *argument)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!close_by_landlock(4))
		return NOT_THERE;
	return connect(fd, argument, sizeof(struct sockaddr_in)) == -1 && errno == EACCES ? 0
																					  : 1;
}

static void
nobody_is_connected_to(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
								  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) state;
	assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &len), 0);
	expect_good(connect_to, &address);
	close(fd);
}

/* ---- the whole ---- */

static int
demand(void *argument)
{
	uint32_t left_out = *(uint32_t *) argument;

	e3_log_set_level(E3_LOG_ERROR);
	if (e3_secret_init(ARENA) != EVW_OK ||
		e3_fortress_begin(left_out, left_out) != EVW_OK)
		return 1;
	e3_fortress_close_paths(NULL, 0);
	if (e3_fortress_close_calls() != EVW_CONFIG)
		return 2;
	return (e3_fortress_granted() & left_out) == 0 ? 0 : 3;
}

static void
what_is_demanded_and_missing_is_refused(void **state)
{
	(void) state;
	for (int i = 0; i < E3_ISOLATION_COUNT; i++)
	{
		uint32_t measure = E3_ISOLATION_BIT(i);

		if ((measure & E3_ISOLATION_OPTIONAL) != 0)
			expect_good(demand, &measure);
	}
}

static int
take_all(void *argument)
{
	uint32_t granted;

	(void) argument;
	e3_log_set_level(E3_LOG_ERROR);
	if (e3_secret_init(ARENA) != EVW_OK || e3_fortress_begin(0, 0) != EVW_OK)
		return 1;
	e3_fortress_close_paths(NULL, 0);
	if (e3_fortress_close_calls() != EVW_OK)
		return 2;
	granted = e3_fortress_granted();
	if ((granted & E3_ISOLATION_BIT(E3_SECCOMP)) == 0)
		return NOT_THERE;
	return (granted & E3_ISOLATION_BIT(E3_NO_CORE)) != 0 &&
				   (granted & E3_ISOLATION_BIT(E3_NO_TRACE)) != 0 &&
				   (granted & E3_ISOLATION_BIT(E3_NO_NEW_PRIVILEGES)) != 0 &&
				   ((granted & E3_ISOLATION_BIT(E3_OWN_USER)) != 0) == (getuid() != 0)
			   ? 0
			   : 3;
}

static void
what_every_kernel_has_is_granted(void **state)
{
	(void) state;
	expect_good(take_all, NULL);
}

static int
run_new_code(void *argument)
{
	void *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void) argument;
	if (!e3_kernel_forbid_code())
		return NOT_THERE;
	if (page == MAP_FAILED)
		return 1;
	return mprotect(page, 4096, PROT_READ | PROT_EXEC) == -1 && errno == EACCES ? 0 : 2;
}

static void
written_memory_is_not_executed(void **state)
{
	(void) state;
	expect_good(run_new_code, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forbidden_call_ends_the_process),
		cmocka_unit_test(threads_of_before_are_shut_in),
		cmocka_unit_test(only_named_directories_are_seen),
		cmocka_unit_test(other_processes_are_not_signalled),
		cmocka_unit_test(nobody_is_connected_to),
		cmocka_unit_test(what_is_demanded_and_missing_is_refused),
		cmocka_unit_test(what_every_kernel_has_is_granted),
		cmocka_unit_test(written_memory_is_not_executed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
