/*
 * lib/hinder.c
 *	  Makes life hard for a process that preloads it (LD_PRELOAD).
 *
 * Of sockets that the process connects to a Unix path, and with HINDER_ACCEPT of
 * those that it accepts:
 *
 *	HINDER_SNDBUF=N    the send buffer is N bytes
 *	HINDER_READ=N      at most N bytes are received at a time
 *	HINDER_EINTR=N     each N-th call to send or receive is interrupted
 *
 * And of the whole process:
 *
 *	HINDER_CONTROL=FILE  the file holds two 64-bit numbers, in the machine's byte order:
 *	                     each allocation takes one off the first, and the one that makes
 *it zero fails; the second, signed, is added to the time of day, in seconds
 *
 * The file is shared: a test writes to it while the process runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FDS 65536

static atomic_bool hindered[FDS];
static int sndbuf, most_read, eintr;
static bool accepts;
static atomic_uint calls;

typedef struct Control
{
	atomic_ullong countdown;
	atomic_llong offset_s;
} Control;

static _Atomic(Control *) control;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static int
number(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? (int) strtol(text, NULL, 10) : 0;
}

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("HINDER_CONTROL");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	sndbuf = number("HINDER_SNDBUF");
	most_read = number("HINDER_READ");
	eintr = number("HINDER_EINTR");
	accepts = getenv("HINDER_ACCEPT") != NULL;
	if (fd < 0)
		return;
	void *at = mmap(NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	if (at != MAP_FAILED)
		atomic_store(&control, at);
}

static bool
is_hindered(int fd)
{
	return fd >= 0 && fd < FDS && atomic_load(&hindered[fd]);
}

static void
hinder(int fd)
{
	if (fd < 0 || fd >= FDS)
		return;
	atomic_store(&hindered[fd], true);
	if (sndbuf > 0)
		(void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
}

static bool
is_interrupted(int fd)
{
	if (eintr == 0 || !is_hindered(fd) || atomic_fetch_add(&calls, 1) % eintr != 0)
		return false;
	errno = EINTR;
	return true;
}

/* The next function of this name, after ours. */
#define NEXT(function)                                                                   \
	static __typeof__(function) *next;                                                   \
	if (next == NULL)                                                                    \
	next = (__typeof__(function) *) dlsym(RTLD_NEXT, #function)

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(connect);

	if (address->sa_family == AF_UNIX)
		hinder(fd);
	return next(fd, address, len);
}

int
accept4(int listener, struct sockaddr *address, socklen_t *len, int flags)
{
	NEXT(accept4);
	int fd = next(listener, address, len, flags);

	if (accepts)
		hinder(fd);
	return fd;
}

int
close(int fd)
{
	NEXT(close);

	if (fd >= 0 && fd < FDS)
		atomic_store(&hindered[fd], false);
	return next(fd);
}

ssize_t
recv(int fd, void *at, size_t len, int flags)
{
	NEXT(recv);

	if (is_interrupted(fd))
		return -1;
	if (most_read > 0 && is_hindered(fd) && len > (size_t) most_read)
		len = (size_t) most_read;
	return next(fd, at, len, flags);
}

ssize_t
send(int fd, const void *from, size_t len, int flags)
{
	NEXT(send);

	return is_interrupted(fd) ? -1 : next(fd, from, len, flags);
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	NEXT(sendmsg);

	return is_interrupted(fd) ? -1 : next(fd, message, flags);
}

static bool
fails(void)
{
	Control *at = atomic_load(&control);
	unsigned long long was = at != NULL ? atomic_load(&at->countdown) : 0;

	while (was > 0 && !atomic_compare_exchange_weak(&at->countdown, &was, was - 1))
		;
	if (was == 1)
		errno = ENOMEM;
	return was == 1;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	NEXT(clock_gettime);
	Control *at = atomic_load(&control);
	int result = next(clock, now);

	if (result == 0 && clock == CLOCK_REALTIME && at != NULL)
		now->tv_sec += atomic_load(&at->offset_s);
	return result;
}
