/*
 * unit/fortress_life_test.c
 *	  The process that has shut itself off, in child processes: what still works there.
 */
#include "fortress_help.h"

#include <fcntl.h>
#include <nss.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "crypto/random.h"
#include "fortress/fortress.h"
#include "fortress/kernel.h"

static int
work_shut_in(void *argument)
{
	void *memory;
	int fd;

	(void) argument;
	if (!e3_kernel_close_calls())
		return NOT_THERE;
	memory = malloc(64 << 20);
	if (memory == NULL)
		return 1;
	memset(memory, 1, 64 << 20);
	free(memory);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && close(fd) == 0 ? 0 : 2;
}

static void
what_serving_takes_still_works(void **state)
{
	(void) state;
	expect_good(work_shut_in, NULL);
}

/* As after a reload whose access list names somebody: of the name service a further
 * source, which would be code to load, is never asked. */
static int
look_for_user(void *argument)
{
	uid_t uid;

	(void) argument;
	if (__nss_configure_lookup("passwd", "files compat") != 0 || !e3_kernel_close_calls())
		return NOT_THERE;
	return e3_parse_user("root", &uid) && uid == 0 && !e3_parse_user("nobody-there", &uid)
			   ? 0
			   : 1;
}

static void
users_are_found_without_loading_code(void **state)
{
	(void) state;
	expect_good(look_for_user, NULL);
}

static void
end_by_abort(void)
{
	abort();
}

/* libc finds it, and says so before it aborts. */
static void
end_by_bad_free(void)
{
	static char block[64];
	char *volatile inside = block + 8;

	free(inside);
}

static void
end_by_fault(void)
{
	*(volatile int *) (uintptr_t) 8 = 0;
}

/* They show what was wrong: SIGSYS would hide it. */
static void
other_ends_are_told_apart(void **state)
{
	static const struct
	{
		void (*end)(void);
		int number;
	} ends[] = {{end_by_abort, SIGABRT},
				{end_by_bad_free, SIGABRT},
				{end_by_fault, SIGSEGV}};

	(void) state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		expect_signal(shut_and_call, (void *) &ends[i].end, ends[i].number);
}

/* Random bytes for longer than OpenSSL goes without fresh ones, and the end of a thread.
 */
static void *
draw_bytes(void *argument)
{
	uint8_t bytes[64];

	for (int i = 0; i < 1 << 17; i++)
		if (e3_random(bytes, sizeof(bytes)) != EVW_OK)
			return NULL;
	return argument;
}

static void *
wait_and_draw(void *argument)
{
	char go;

	return read(*(int *) argument, &go, 1) == 1 ? draw_bytes(argument) : NULL;
}

static int
draw_shut_in(void *argument)
{
	int ends[2];
	pthread_t thread;
	void *good = NULL;

	(void) argument;
	if (pipe(ends) != 0 || pthread_create(&thread, NULL, wait_and_draw, ends) != 0)
		return 1;
	e3_fortress_close_paths(NULL, 0);
	if (!e3_kernel_close_calls())
		return NOT_THERE;
	if (write(ends[1], "", 1) != 1 || draw_bytes(ends) == NULL)
		return 2;
	return pthread_join(thread, &good) == 0 && good != NULL ? 0 : 3;
}

static void
random_bytes_do_not_run_out(void **state)
{
	(void) state;
	expect_good(draw_shut_in, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_serving_takes_still_works),
		cmocka_unit_test(users_are_found_without_loading_code),
		cmocka_unit_test(other_ends_are_told_apart),
		cmocka_unit_test(random_bytes_do_not_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
