/*
 * net/listener.c
 *	  The Unix socket that E3 listens on, and who is at the other end.
 */
#include "net/listener.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

/*
 * Bytes of an answer that its client has not read yet, of which the kernel grants twice
 * as many, unless the system's limit is lower: the ciphertexts of a usual batch, so that
 * they wait in the socket, whatever the client does meanwhile.
 */
#define SEND_ROOM (512 * 1024)

static EvwStatus
refuse(const char *path, const char *cause)
{
	e3_log(E3_LOG_ERROR, "listen_failed", "socket=\"%s\" cause=\"%s\"", path, cause);
	return EVW_CONFIG;
}

static struct sockaddr_un
address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

/* Does a process listen there? */
static bool
is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0 ||
			errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static EvwStatus
remove_stale(const char *path, const struct sockaddr_un *address)
{
	struct stat info;

	if (lstat(path, &info) != 0)
		return errno == ENOENT ? EVW_OK : refuse(path, strerror(errno));
	if (!S_ISSOCK(info.st_mode))
		return refuse(path, "something that is not a socket is there");
	if (is_alive(address))
		return refuse(path, "another process listens there");
	return unlink(path) == 0 ? EVW_OK : refuse(path, strerror(errno));
}

/*
 * The mode is set between bind and listen: nobody can connect to a socket that
 * does not listen yet.
 */
static EvwStatus
bind_and_listen(int fd, const char *path, const struct sockaddr_un *address,
				uint32_t mode)
{
	if (bind(fd, (const struct sockaddr *) address, sizeof(*address)) != 0)
		return refuse(path, strerror(errno));
	if (chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0)
	{
		EvwStatus status = refuse(path, strerror(errno));

		unlink(path);
		return status;
	}
	return EVW_OK;
}

/*
 * A socket that is bound and does not listen yet looks as one that nobody
 * listens on any more.  So whoever looks, and binds, holds a lock on the
 * directory from the one to the other; -1 if somebody else does.
 */
static int
lock_directory(const char *path)
{
	char dir[PATH_MAX];
	int fd;

	e3_file_dir(path, dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
	{
		int error = errno;

		close(fd);
		errno = error;
		fd = -1;
	}
	return fd;
}

static EvwStatus
open_locked(const char *path, uint32_t mode, int *fd)
{
	struct sockaddr_un address = address_of(path);
	EvwStatus status = remove_stale(path, &address);

	if (status != EVW_OK)
		return status;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return refuse(path, strerror(errno));
	status = bind_and_listen(*fd, path, &address, mode);
	if (status != EVW_OK)
	{
		close(*fd);
		*fd = -1;
	}
	return status;
}

EvwStatus
e3_listener_open(const char *path, uint32_t mode, int *fd)
{
	int lock = lock_directory(path);
	EvwStatus status;

	if (lock < 0)
		return refuse(path, errno == EWOULDBLOCK ? "another process is starting there"
												 : strerror(errno));
	status = open_locked(path, mode, fd);
	close(lock);
	return status;
}

int
e3_listener_accept(int fd, E3Identity *peer)
{
	struct ucred ids;
	socklen_t len = sizeof(ids);
	const int room = SEND_ROOM;
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (accepted < 0)
		return -1;
	if (getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &ids, &len) != 0)
	{
		close(accepted);
		return -1;
	}
	(void) setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	*peer = e3_identity_uid(ids.uid);
	return accepted;
}
