/*
 * unit/fortress_help.c
 *	  Child processes.
 */
#include "fortress_help.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fortress/kernel.h"

/* Wait status of a child that does this. */
static int
status_of(int (*act)(void *), void *argument)
{
	pid_t child = fork();
	int status;

	if (child == 0)
	{
		/* cmocka would have taken it for itself. */
		(void) signal(SIGSEGV, SIG_DFL);
		_exit(act(argument));
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
	{
		print_message("skipped: this kernel or build has none of it\n");
		skip();
	}
	return status;
}

void
expect_good(int (*act)(void *), void *argument)
{
	int status = status_of(act, argument);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

void
expect_signal(int (*act)(void *), void *argument, int number)
{
	int status = status_of(act, argument);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), number);
}

int
shut_and_call(void *argument)
{
	void (**call)(void) = argument;

	if (!e3_kernel_close_calls())
		return NOT_THERE;
	(*call)();
	return 0;
}
