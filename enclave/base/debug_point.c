/*
 * base/debug_point.c
 *	  Where E3 stops until a test lets it go on; in debug builds alone.
 */
#include "base/debug_point.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a mistake would do. */
static void
write_beyond(void)
{
	static volatile char few[4];
	volatile size_t beyond = sizeof(few);

	few[beyond] = 0;
}

/* Does what E3 never does, if that is what the FIFO says. */
static void
break_out(int fd)
{
	char *const none[] = {NULL};
	char what;

	if (read(fd, &what, 1) != 1)
		return;
	if (what == 'f' && fork() == 0)
		_exit(0);
	if (what == 'e')
		(void) execve("/bin/true", none, none);
	if (what == 'w')
		write_beyond();
}

void
e3_debug_point(const char *name)
{
	const char *dir = getenv("E3_DEBUG_POINTS");
	char fifo[PATH_MAX];
	char parked[PATH_MAX + 16];
	struct stat st;
	int fd;

	if (dir == NULL)
		return;
	(void) snprintf(fifo, sizeof(fifo), "%s/%s", dir, name);
	if (stat(fifo, &st) != 0 || !S_ISFIFO(st.st_mode))
		return;
	(void) snprintf(parked, sizeof(parked), "%s.parked", fifo);
	fd = open(parked, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	/* The FIFO may have been taken away meanwhile. */
	fd = open(fifo, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
	{
		break_out(fd);
		close(fd);
	}
	(void) unlink(parked);
}
