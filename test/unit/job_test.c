/*
 * unit/job_test.c
 *	  The table of transitions: what is in it happens, nothing else does.
 */
#include "wire_help.h"

#include "sched/job.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Row
{
	E3JobState from;
	E3JobEvent event;
	E3JobState to;
	uint32_t effects;
} Row;

#define ROW(from, event, to, what) {E3_JOB_##from, E3_JOB_##event, E3_JOB_##to, what},
static const Row rows[] = {E3_JOB_TRANSITIONS(ROW)};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const Row *
row_of(E3JobState state, E3JobEvent event)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].from == state && rows[i].event == event)
			return &rows[i];
	return NULL;
}

static void
every_row_happens(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_ROWS; i++)
	{
		E3Job job = {.state = rows[i].from};

		/* One row for each state and event, or the table would hide one. */
		assert_ptr_equal(row_of(rows[i].from, rows[i].event), &rows[i]);
		assert_int_equal(e3_job_step(&job, rows[i].event), rows[i].effects);
		assert_int_equal(job.state, rows[i].to);
	}
}

/* In a process of its own: does it abort, saying why? */
static void
assert_aborts(E3JobState from, E3JobEvent event)
{
	int ends[2];
	int status;
	char text[512] = "";
	ssize_t len;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
	{
		E3Job job = {.state = from};

		/* cmocka would make a failed test of it. */
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		_exit((int) e3_job_step(&job, event) & 1);
	}
	close(ends[1]);
	len = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_true(len > 0);
	assert_non_null(strstr(text, "impossible_transition"));
}

static void
nothing_else_does(void **state)
{
	size_t refused = 0;

	(void) state;
	for (int from = 0; from < E3_JOB_N_STATES; from++)
		for (int event = 0; event < E3_JOB_N_EVENTS; event++)
			if (row_of((E3JobState) from, (E3JobEvent) event) == NULL)
			{
				assert_aborts((E3JobState) from, (E3JobEvent) event);
				refused++;
			}
	assert_int_equal(refused + N_ROWS, E3_JOB_N_STATES * E3_JOB_N_EVENTS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_happens),
		cmocka_unit_test(nothing_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
