/*
 * base/file.c
 *	  Reading, creating and replacing whole files.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of files that are made here. */
#define PRIVATE_MODE 0600
#define PUBLIC_MODE 0644

/* Only root and group root may read it, and root wrote it. */
static bool
is_roots_credential(const struct stat *info)
{
	return info->st_uid == 0 && info->st_gid == 0 && (info->st_mode & 037) == 0;
}

static bool
is_private(const struct stat *info)
{
	return (info->st_uid == geteuid() || geteuid() == 0) && (info->st_mode & 077) == 0;
}

/* Nobody but root and ourselves can have written it. */
static bool
is_trusted(const struct stat *info)
{
	return (info->st_uid == geteuid() || info->st_uid == 0) && (info->st_mode & 022) == 0;
}

static bool
follows_links(E3FileRule rule)
{
	return rule == E3_FILE_ANY || rule == E3_FILE_TRUSTED;
}

static bool
keeps_rule(const struct stat *info, E3FileRule rule)
{
	if (!S_ISREG(info->st_mode))
		return false;
	if (rule == E3_FILE_TRUSTED)
		return is_trusted(info);
	if (rule == E3_FILE_CREDENTIAL && is_roots_credential(info))
		return true;
	return rule == E3_FILE_ANY || is_private(info);
}

static E3FileResult
read_all(int fd, uint8_t *at, size_t len)
{
	while (len > 0)
	{
		ssize_t got = read(fd, at, len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO; /* it has been cut since fstat */
		if (got <= 0)
			return E3_FILE_IO;
		at += got;
		len -= (size_t) got;
	}
	return E3_FILE_OK;
}

static E3FileResult
read_open_file(int fd, E3FileRule rule, size_t max, EvwBuf *out)
{
	struct stat info;
	uint8_t *at;

	if (fstat(fd, &info) != 0)
		return E3_FILE_IO;
	if (!keeps_rule(&info, rule))
		return E3_FILE_SHARED;
	if ((uintmax_t) info.st_size > max)
		return E3_FILE_TOO_LONG;
	if (info.st_size == 0)
		return E3_FILE_OK;
	at = evw_buf_extend(out, (size_t) info.st_size);
	if (at == NULL)
		return E3_FILE_NO_MEMORY;
	return read_all(fd, at, (size_t) info.st_size);
}

E3FileResult
e3_file_read(const char *path, E3FileRule rule, size_t max, EvwBuf *out)
{
	/* NONBLOCK: a pipe put in the place of the file must not hold us. */
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, follows_links(rule) ? flags : flags | O_NOFOLLOW);
	E3FileResult result;
	int error;

	if (fd < 0 && errno == ELOOP && !follows_links(rule))
		return E3_FILE_SHARED;
	if (fd < 0)
		return errno == ENOENT ? E3_FILE_MISSING : E3_FILE_IO;
	result = read_open_file(fd, rule, max, out);
	error = errno;
	(void) close(fd);
	errno = error;
	return result;
}

void
e3_file_dir(const char *path, char *dir)
{
	char copy[PATH_MAX];

	(void) snprintf(copy, sizeof(copy), "%s", path);
	(void) snprintf(dir, PATH_MAX, "%s", dirname(copy));
}

bool
e3_file_owner(const char *path, uid_t *uid, gid_t *gid)
{
	char dir[PATH_MAX];
	struct stat info;

	*uid = geteuid();
	*gid = getegid();
	if (lstat(path, &info) == 0)
	{
		*uid = info.st_uid;
		*gid = info.st_gid;
		return true;
	}
	if (errno != ENOENT)
		return false;
	e3_file_dir(path, dir);
	if (geteuid() != 0)
		return true;
	if (stat(dir, &info) != 0)
		return false;
	*uid = info.st_uid;
	*gid = info.st_gid;
	return true;
}

static bool
write_all(int fd, EvwBytes bytes)
{
	size_t done = 0;

	while (done < bytes.len)
	{
		ssize_t put = write(fd, bytes.data + done, bytes.len - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		done += (size_t) put;
	}
	return true;
}

/* The mode is set again because a umask may have taken from it. */
static bool
fill_file(int fd, EvwBytes bytes, mode_t mode, uid_t uid, gid_t gid)
{
	if (fchmod(fd, mode) != 0)
		return false;
	if ((uid != geteuid() || gid != getegid()) && fchown(fd, uid, gid) != 0)
		return false;
	return write_all(fd, bytes) && fsync(fd) == 0;
}

static bool
sync_dir(const char *path)
{
	char dir[PATH_MAX];
	int fd;
	bool synced;

	e3_file_dir(path, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	synced = fsync(fd) == 0;
	(void) close(fd);
	return synced;
}

/* For clean-up after a failure: errno goes on to say what that was. */
static void
unlink_failed(const char *name)
{
	int error = errno;

	(void) unlink(name);
	errno = error;
}

/* Makes the new file, complete and synced; it is gone again on failure. */
static bool
write_new(const char *name, EvwBytes bytes, mode_t mode, uid_t uid, gid_t gid)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error;
	bool filled;

	if (fd < 0)
		return false;
	filled = fill_file(fd, bytes, mode, uid, gid);
	error = errno;
	if (close(fd) != 0 && filled)
	{
		error = errno;
		filled = false;
	}
	errno = error;
	if (!filled)
		unlink_failed(name);
	return filled;
}

/* Makes the file without a name, and names it when it is complete and synced. */
static bool
write_nameless(const char *path, EvwBytes bytes, uid_t uid, gid_t gid)
{
	char dir[PATH_MAX];
	char name[64];
	int fd;
	int error;
	bool named;

	e3_file_dir(path, dir);
	fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	(void) snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	named = fill_file(fd, bytes, PRIVATE_MODE, uid, gid) &&
			linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
	error = errno;
	(void) close(fd);
	errno = error;
	return named;
}

/* For a file system, or a process without /proc, that knows no nameless files. */
static bool
lacks_nameless(int error)
{
	return error == EOPNOTSUPP || error == EISDIR || error == ENOENT;
}

E3FileResult
e3_file_create(const char *path, EvwBytes bytes)
{
	uid_t uid;
	gid_t gid;

	if (!e3_file_owner(path, &uid, &gid))
		return E3_FILE_IO;
	if (!write_nameless(path, bytes, uid, gid) &&
		(!lacks_nameless(errno) || !write_new(path, bytes, PRIVATE_MODE, uid, gid)))
		return E3_FILE_IO;
	if (sync_dir(path))
		return E3_FILE_OK;
	unlink_failed(path);
	return E3_FILE_IO;
}

static E3FileResult
replace(const char *path, EvwBytes bytes, mode_t mode)
{
	char name[PATH_MAX];
	uid_t uid;
	gid_t gid;
	int len = snprintf(name, sizeof(name), "%s.new", path);

	if (len < 0 || (size_t) len >= sizeof(name))
	{
		errno = ENAMETOOLONG;
		return E3_FILE_IO;
	}
	/* What a writer that was killed left behind. */
	if (unlink(name) != 0 && errno != ENOENT)
		return E3_FILE_IO;
	if (!e3_file_owner(path, &uid, &gid) || !write_new(name, bytes, mode, uid, gid))
		return E3_FILE_IO;
	if (rename(name, path) != 0)
	{
		unlink_failed(name);
		return E3_FILE_IO;
	}
	return sync_dir(path) ? E3_FILE_OK : E3_FILE_IO;
}

E3FileResult
e3_file_replace(const char *path, EvwBytes bytes)
{
	return replace(path, bytes, PRIVATE_MODE);
}

E3FileResult
e3_file_replace_public(const char *path, EvwBytes bytes)
{
	return replace(path, bytes, PUBLIC_MODE);
}

bool
e3_file_give(int fd, uid_t uid, gid_t gid)
{
	struct stat info;

	if (fstat(fd, &info) != 0)
		return false;
	if (info.st_uid == uid && info.st_gid == gid)
		return true;
	if (!S_ISDIR(info.st_mode) && (!S_ISREG(info.st_mode) || info.st_nlink != 1))
	{
		errno = EMLINK;
		return false;
	}
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0;
}
