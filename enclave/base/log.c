/*
 * base/log.c
 *	  One event, one line, one write.
 */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Longer lines are cut. */
#define LOG_LINE_MAX 1024

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static atomic_int threshold = E3_LOG_INFO;

void
e3_log_set_level(E3LogLevel level)
{
	atomic_store_explicit(&threshold, (int) level, memory_order_relaxed);
}

/* "ts=2024-02-29T12:00:00.123456Z level=info event=start " */
static size_t
write_head(char *line, size_t size, E3LogLevel level, const char *event)
{
	uint64_t now = e3_clock_unix_us();
	time_t seconds = (time_t) (now / 1000000);
	struct tm utc;
	char stamp[32];
	int len;

	gmtime_r(&seconds, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	len = snprintf(line, size, "ts=%s.%06uZ level=%s event=%s ", stamp,
				   (unsigned) (now % 1000000), level_names[level], event);
	return len < 0 ? 0 : (size_t) len < size ? (size_t) len : size - 1;
}

/* A path or a name must not begin a line of its own. */
static void
mask_control_bytes(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
}

void
e3_log(E3LogLevel level, const char *event, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	size_t len;
	va_list args;
	int more;

	if ((int) level < atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	len = write_head(line, sizeof(line) - 1, level, event);
	va_start(args, format);
	more = vsnprintf(line + len, sizeof(line) - 1 - len, format, args);
	va_end(args);
	if (more > 0)
		len += (size_t) more < sizeof(line) - 2 - len ? (size_t) more
													  : sizeof(line) - 2 - len;
	mask_control_bytes(line, len);
	line[len++] = '\n';
	/* There is nobody left to tell if stderr is gone. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
