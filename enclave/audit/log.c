/*
 * audit/log.c
 *	  The audit's two files.
 *
 * The log is written before the head: a head that is behind is that of a writer that
 * was killed, one that is ahead is a log whose tail was cut.
 */
#include "audit/log.h"

#include "audit/verify.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
write_at(int fd, EvwBytes bytes, off_t at)
{
	while (bytes.len > 0)
	{
		ssize_t put = pwrite(fd, bytes.data, bytes.len, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes.data += put;
		bytes.len -= (size_t) put;
		at += put;
	}
	return true;
}

/* Two slots, so that one is whole whenever the writing ends; the other is blank. */
static bool
write_head(E3AuditLog *log)
{
	char slot[E3_AUDIT_FIXED_MAX];
	EvwBuf buf;

	memset(slot, ' ', sizeof(slot));
	evw_buf_fixed(&buf, (uint8_t *) slot, sizeof(slot));
	e3_chain_write_head(log->key, &log->chain, &buf);
	if (buf.status != EVW_OK ||
		!write_at(log->head_fd, (EvwBytes){(uint8_t *) slot, sizeof(slot)},
				  (off_t) log->slot * E3_AUDIT_FIXED_MAX))
		return false;
	log->slot = (log->slot + 1) % E3_AUDIT_HEAD_SLOTS;
	return !log->sync || fdatasync(log->head_fd) == 0;
}

/* Regular, ours, and of nobody else's use. */
static bool
is_ours(int fd, struct stat *info)
{
	if (fstat(fd, info) != 0)
		return false;
	errno = EPERM;
	return S_ISREG(info->st_mode) && info->st_uid == geteuid() &&
		   (info->st_mode & 022) == 0 && info->st_nlink == 1;
}

static int
open_file(const char *path, int flags)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | flags,
				0600);
}

static bool
sync_dir(const char *path)
{
	char dir[PATH_MAX];
	int fd;
	bool good;

	e3_file_dir(path, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = fsync(fd) == 0;
	(void) close(fd);
	return good;
}

/* A new log that follows on from the chain; its first line is on the disk. */
static bool
make_log(E3AuditLog *log)
{
	uint8_t line[E3_AUDIT_FIXED_MAX];
	EvwBuf buf;

	evw_buf_fixed(&buf, line, sizeof(line));
	e3_chain_write_first(log->key, &log->chain, &buf);
	log->fd = open_file(log->path, O_CREAT | O_EXCL);
	if (log->fd < 0)
		return false;
	if (buf.status == EVW_OK && write_at(log->fd, (EvwBytes){buf.data, buf.len}, 0) &&
		fsync(log->fd) == 0 && sync_dir(log->path))
	{
		log->size = (off_t) buf.len;
		return true;
	}
	(void) close(log->fd);
	(void) unlink(log->path);
	log->fd = -1;
	return false;
}

/* ---- opening ---- */

static EvwStatus
refuse(const E3AuditLog *log, char cause[256], const char *what, const char *why)
{
	(void) snprintf(cause, 256, "%.150s%s %s", log->path, what, why);
	return EVW_AUDIT_LOG;
}

/* Both slots of a new head say the same. */
static bool
fill_head(E3AuditLog *log, const char *path)
{
	for (int i = 0; i < E3_AUDIT_HEAD_SLOTS; i++)
		if (!write_head(log))
			return false;
	return fsync(log->head_fd) == 0 && sync_dir(path);
}

/*
 * Opens the head, or makes an empty one if there is no log either, and locks it: who
 * has the lock has both files.  Before that nothing is read that another E3 may be
 * writing.  The kernel takes the lock back from whoever ends, however that happens.
 */
static EvwStatus
lock_head(E3AuditLog *log, const char *path, char cause[256])
{
	struct stat info;

	log->head_fd = open_file(path, 0);
	if (log->head_fd < 0 && errno == ENOENT && lstat(log->path, &info) == 0)
		return refuse(log, cause, E3_AUDIT_HEAD_SUFFIX, "is missing, and the log is not");
	if (log->head_fd < 0 && errno == ENOENT)
		log->head_fd = open_file(path, O_CREAT);
	if (log->head_fd < 0 || !is_ours(log->head_fd, &info))
		return refuse(log, cause, E3_AUDIT_HEAD_SUFFIX, strerror(errno));
	if (flock(log->head_fd, LOCK_EX | LOCK_NB) == 0)
		return EVW_OK;
	return refuse(log, cause, E3_AUDIT_HEAD_SUFFIX,
				  errno == EWOULDBLOCK ? "is another E3's, which runs" : strerror(errno));
}

/* Of the head that is locked: where the log ends, or begins if both are new. */
static EvwStatus
read_head(E3AuditLog *log, const char *path, char cause[256])
{
	uint8_t bytes[E3_AUDIT_HEAD_SIZE];
	ssize_t got = pread(log->head_fd, bytes, sizeof(bytes), 0);
	const char *trouble;

	if (got < 0 || (got == 0 && log->fd < 0 && !fill_head(log, path)))
		return refuse(log, cause, E3_AUDIT_HEAD_SUFFIX, strerror(errno));
	if (got == 0 && log->fd < 0)
		return EVW_OK;
	trouble = e3_audit_read_heads(log->key, (EvwBytes){bytes, (size_t) got}, &log->chain);
	return trouble == NULL ? EVW_OK : refuse(log, cause, E3_AUDIT_HEAD_SUFFIX, trouble);
}

/* The log is there: is it whole, and where does it end? */
static EvwStatus
check_log(E3AuditLog *log, char cause[256])
{
	E3AuditReader reader = {.key = log->key, .until = log->chain};
	FILE *file = fdopen(dup(log->fd), "r");
	char line[64];

	if (file == NULL)
		return refuse(log, cause, "", strerror(errno));
	(void) e3_audit_read(&reader, file);
	(void) fclose(file);
	(void) snprintf(line, sizeof(line), ":%llu:", (unsigned long long) reader.line);
	if (reader.cause != NULL)
		return refuse(log, cause, line, reader.cause);
	if (!reader.passed)
		return refuse(log, cause, "", "ends before the record that its head names");
	log->chain = reader.chain;
	log->size -= (off_t) reader.torn;
	if (reader.torn > 0 && ftruncate(log->fd, log->size) != 0)
		return refuse(log, cause, "", strerror(errno));
	return write_head(log) ? EVW_OK
						   : refuse(log, cause, E3_AUDIT_HEAD_SUFFIX, strerror(errno));
}

EvwStatus
e3_audit_log_open(E3AuditLog *log, const char *path, const E3AuditKey *key, bool sync,
				  char cause[256])
{
	char head[PATH_MAX];
	struct stat info;
	EvwStatus status;

	*log = (E3AuditLog){.key = key, .sync = sync, .fd = -1, .head_fd = -1};
	(void) snprintf(log->path, sizeof(log->path), "%s", path);
	if (snprintf(head, sizeof(head), "%s" E3_AUDIT_HEAD_SUFFIX, path) >=
		(int) sizeof(head))
		return refuse(log, cause, "", "is too long a path");
	status = lock_head(log, head, cause);
	if (status != EVW_OK)
		return status;
	log->fd = open_file(path, 0);
	if (log->fd < 0 && errno != ENOENT)
		return refuse(log, cause, "", strerror(errno));
	if (log->fd >= 0 && !is_ours(log->fd, &info))
		return refuse(log, cause, "", "is not a file of E3's own");
	status = read_head(log, head, cause);
	if (status != EVW_OK)
		return status;
	if (log->fd < 0 && log->chain.last > 0)
		e3_log(E3_LOG_WARNING, "audit_missing", "file=\"%s\" next=%llu", log->path,
			   (unsigned long long) log->chain.last + 1);
	if (log->fd < 0)
		return make_log(log) ? EVW_OK : refuse(log, cause, "", strerror(errno));
	log->size = info.st_size;
	return check_log(log, cause);
}

void
e3_audit_log_close(E3AuditLog *log)
{
	if (log->fd >= 0)
		(void) close(log->fd);
	if (log->head_fd >= 0)
		(void) close(log->head_fd);
	log->fd = -1;
	log->head_fd = -1;
}

/* ---- writing ---- */

bool
e3_audit_log_append(E3AuditLog *log, EvwBytes lines, const E3AuditChain *after)
{
	int error;

	if (log->fd < 0 && !make_log(log))
		return false;
	if (log->dirty && ftruncate(log->fd, log->size) != 0)
		return false;
	log->dirty = true;
	if (!write_at(log->fd, lines, log->size) || (log->sync && fdatasync(log->fd) != 0))
	{
		error = errno;
		log->dirty = ftruncate(log->fd, log->size) != 0;
		errno = error;
		return false;
	}
	log->dirty = false;
	log->size += (off_t) lines.len;
	log->chain = *after;
	return write_head(log);
}

bool
e3_audit_log_reopen(E3AuditLog *log, bool *moved)
{
	struct stat there;
	struct stat ours;

	*moved = false;
	if (log->fd >= 0)
	{
		if (fstat(log->fd, &ours) != 0)
			return false;
		if (stat(log->path, &there) == 0 && there.st_dev == ours.st_dev &&
			there.st_ino == ours.st_ino)
			return true;
		(void) fsync(log->fd);
		(void) close(log->fd);
		log->fd = -1;
	}
	*moved = true;
	return make_log(log);
}
