/*
 * ctl/lock.c
 *	  Locking of the keyring and of a directory.
 */
#include "ctl/lock.h"

#include "base/clock.h"
#include "base/file.h"
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_MS 20

/* Takes over the descriptor. */
static int
fail_lock(int fd, const char *path, const char *cause)
{
	(void) e3_ctl_fail("cannot lock %s: %s", path, cause);
	(void) close(fd);
	return -1;
}

/* Takes over the descriptor unless it returns it. */
static int
wait_lock(int fd, const char *path)
{
	uint64_t deadline = e3_clock_ns() + E3_LOCK_TIMEOUT_MS * UINT64_C(1000000);

	while (flock(fd, LOCK_EX | LOCK_NB) != 0)
	{
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_lock(fd, path, strerror(errno));
		if (e3_clock_ns() >= deadline)
			return fail_lock(fd, path, "another e3ctl is at work");
		(void) poll(NULL, 0, POLL_MS);
	}
	return fd;
}

static int
open_lock(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		(void) e3_ctl_fail("cannot open %s: %s", path, strerror(errno));
	return fd;
}

/* An empty file whose only name is this one, here where it was opened. */
static bool
is_lock(int fd, const char *path)
{
	struct stat opened;
	struct stat named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 &&
		   S_ISREG(opened.st_mode) && opened.st_size == 0 && opened.st_nlink == 1 &&
		   opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int
e3_lock_keyring(const char *keyring)
{
	char path[PATH_MAX + sizeof(".lock")];
	uid_t uid;
	gid_t gid;
	int fd;

	(void) snprintf(path, sizeof(path), "%s.lock", keyring);
	fd = open_lock(path, O_RDWR | O_CREAT | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	/* The directory's owner may have put a file of root's here, for us to give. */
	if (!is_lock(fd, path))
		return fail_lock(fd, path, "not an empty file of this name alone");
	if (geteuid() == 0 &&
		(!e3_file_owner(keyring, &uid, &gid) || !e3_file_give(fd, uid, gid)))
		return fail_lock(fd, path, strerror(errno));
	return wait_lock(fd, path);
}

int
e3_lock_dir(const char *dir)
{
	int fd = open_lock(dir, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? -1 : wait_lock(fd, dir);
}
