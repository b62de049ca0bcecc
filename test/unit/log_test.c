/*
 * unit/log_test.c
 *	  Log lines: their form, their level, one write each.
 */
#include "e3_help.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* A packet pipe keeps writes apart, so a read gives what one write gave. */
typedef struct Capture
{
	int saved;
	int ends[2];
} Capture;

static void
begin_capture(Capture *capture)
{
	assert_int_equal(pipe2(capture->ends, O_DIRECT | O_NONBLOCK), 0);
	capture->saved = dup(STDERR_FILENO);
	assert_true(capture->saved >= 0);
	assert_true(dup2(capture->ends[1], STDERR_FILENO) >= 0);
}

/* What the writes since gave, one string each; "" where there were fewer. */
static void
end_capture(Capture *capture, char (*writes)[4096], int count)
{
	assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
	close(capture->saved);
	close(capture->ends[1]);
	for (int i = 0; i < count; i++)
	{
		ssize_t got = read(capture->ends[0], writes[i], sizeof(writes[i]) - 1);

		writes[i][got > 0 ? got : 0] = '\0';
	}
	close(capture->ends[0]);
}

static void
a_line_has_time_level_event_and_pairs(void **state)
{
	char writes[3][4096];
	Capture capture;
	const char *line = writes[0];
	int year;
	int used = 0;

	(void) state;
	e3_log_set_level(E3_LOG_INFO);
	begin_capture(&capture);
	e3_log(E3_LOG_INFO, "accept", "fd=%d uid=%u", 7, 42u);
	e3_log(E3_LOG_ERROR, "stop", "status=%s", "BUSY");
	end_capture(&capture, writes, 3);
	assert_int_equal(sscanf(line, "ts=%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*6dZ level=%n", &year,
							&used),
					 1);
	assert_true(year >= 2024);
	assert_string_equal(line + used, "info event=accept fd=7 uid=42\n");
	assert_non_null(strstr(writes[1], " level=error event=stop status=BUSY\n"));
	assert_string_equal(writes[2], "");
}

static void
events_below_the_level_are_dropped(void **state)
{
	char writes[3][4096];
	Capture capture;

	(void) state;
	e3_log_set_level(E3_LOG_WARNING);
	begin_capture(&capture);
	e3_log(E3_LOG_INFO, "dropped", "n=%d", 1);
	e3_log(E3_LOG_WARNING, "kept", "n=%d", 2);
	e3_log_set_level(E3_LOG_DEBUG);
	e3_log(E3_LOG_DEBUG, "kept_too", "n=%d", 3);
	end_capture(&capture, writes, 3);
	assert_non_null(strstr(writes[0], "event=kept n=2\n"));
	assert_non_null(strstr(writes[1], "event=kept_too n=3\n"));
	assert_string_equal(writes[2], "");
}

/* A name from outside must not forge a line of its own. */
static void
control_bytes_are_masked(void **state)
{
	char writes[2][4096];
	Capture capture;

	(void) state;
	begin_capture(&capture);
	e3_log(E3_LOG_ERROR, "name", "path=%s", "a\nts=1 level=info\t\x1b[1m\x7f");
	end_capture(&capture, writes, 2);
	assert_non_null(strstr(writes[0], "path=a?ts=1 level=info??[1m?\n"));
	assert_ptr_equal(strchr(writes[0], '\n'), writes[0] + strlen(writes[0]) - 1);
	assert_string_equal(writes[1], "");
}

static void
a_long_line_is_cut_and_still_ends(void **state)
{
	char writes[2][4096];
	char text[3000];
	Capture capture;

	(void) state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	begin_capture(&capture);
	e3_log(E3_LOG_ERROR, "long", "text=%s", text);
	end_capture(&capture, writes, 2);
	assert_in_range(strlen(writes[0]), 1000, 1024);
	assert_int_equal(writes[0][strlen(writes[0]) - 1], '\n');
	assert_string_equal(writes[1], "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_level_event_and_pairs),
		cmocka_unit_test(events_below_the_level_are_dropped),
		cmocka_unit_test(control_bytes_are_masked),
		cmocka_unit_test(a_long_line_is_cut_and_still_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
