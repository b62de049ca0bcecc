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
 *	HINDER_CONTROL=FILE  the file holds 64-bit numbers, in the machine's byte order:
 *	                     each allocation takes one off the first, and the one that makes
 *	                     it zero fails; the second, signed, is added to the time of day,
 *	                     in seconds; each call of FAILS below that HINDER_OWN makes takes
 *	                     one off the third, and the one that makes it zero fails: its
 *	                     name is written behind
 *	HINDER_OWN=NAME      the program or library of the process whose own calls those are
 *
 * The file is shared: a test writes to it while the process runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
	atomic_ullong own;
	char failed[40];
} Control;

static _Atomic(Control *) control;

/* Where code lies: nowhere until it is loaded. */
typedef struct Code
{
	atomic_uintptr_t start, end;
} Code;

static char own_name[40];
static Code own, program;
static atomic_bool watching, ending;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static int
number(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? (int) strtol(text, NULL, 10) : 0;
}

/* When a program has ended, what counts its lines goes on. */
static void
end(void)
{
	atomic_store(&ending, true);
}

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("HINDER_CONTROL");
	const char *name = getenv("HINDER_OWN");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	sndbuf = number("HINDER_SNDBUF");
	most_read = number("HINDER_READ");
	eintr = number("HINDER_EINTR");
	accepts = getenv("HINDER_ACCEPT") != NULL;
	/* Where the environment lies PostgreSQL writes the title of a process. */
	if (name != NULL)
		strncpy(own_name, name, sizeof(own_name) - 1);
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

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
note_code(const struct dl_phdr_info *object, Code *code)
{
	for (int i = 0; i < object->dlpi_phnum; i++)
	{
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t at = object->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
			continue;
		atomic_store(&code->end, at + part->p_memsz);
		atomic_store(&code->start, at);
	}
}

static int
note_object(struct dl_phdr_info *object, size_t size, void *argument)
{
	bool is_program = *object->dlpi_name == '\0' && atomic_load(&program.start) == 0;
	const char *name = is_program ? program_invocation_name : object->dlpi_name;

	(void) size;
	(void) argument;
	if (is_program)
		note_code(object, &program);
	if (strcmp(last_part(name), own_name) == 0)
		note_code(object, &own);
	return 0;
}

static bool
lies_in(const void *caller, const Code *code)
{
	uintptr_t at = (uintptr_t) caller;

	return at >= atomic_load(&code->start) && at < atomic_load(&code->end);
}

/* Does this call fail, which the caller has made; or the program for it, if that may be?
 */
static bool
own_fails(const char *name, const void *caller, bool by_program)
{
	Control *at = atomic_load(&control);
	unsigned long long was = at != NULL && *own_name != '\0' ? atomic_load(&at->own) : 0;

	if (was == 0 || atomic_load(&ending))
		return false;
	if (atomic_load(&own.start) == 0)
		(void) dl_iterate_phdr(note_object, NULL);
	if (!lies_in(caller, &own) && !(by_program && lies_in(caller, &program)))
		return false;
	if (!atomic_exchange(&watching, true))
		(void) atexit(end);
	while (was > 0 && !atomic_compare_exchange_weak(&at->own, &was, was - 1))
		;
	if (was == 1)
		strncpy(at->failed, name, sizeof(at->failed) - 1);
	return was == 1;
}

#define CALLER __builtin_return_address(0)

/*
 * Whatever a function is like, all its arguments and its result are integers or
 * pointers, which travel in the same places: eight words are passed on.
 */
typedef long (*Any)(long, long, long, long, long, long, long, long);

#define FAILS(name, error, result, by_program)                                           \
	extern long own_##name(long, long, long, long, long, long, long,                     \
						   long) __asm__(#name);                                         \
	long own_##name(long a, long b, long c, long d, long e, long f, long g, long h)      \
	{                                                                                    \
		static Any next;                                                                 \
                                                                                         \
		if (next == NULL)                                                                \
			next = (Any) dlsym(RTLD_NEXT, #name);                                        \
		if (!own_fails(#name, CALLER, by_program))                                       \
			return next(a, b, c, d, e, f, g, h);                                         \
		errno = error;                                                                   \
		return result;                                                                   \
	}

/* What the system is asked for, as often each time: so not poll(). */
FAILS(open, EMFILE, -1, false)
FAILS(__open_2, EMFILE, -1, false)
FAILS(fopen, EMFILE, 0, false)
FAILS(fdopen, ENOMEM, 0, false)
FAILS(fstat, EIO, -1, false)
FAILS(lstat, EACCES, -1, false)
FAILS(read, EIO, -1, false)
FAILS(write, ENOSPC, -1, false)
FAILS(fchmod, EPERM, -1, false)
FAILS(chmod, EPERM, -1, false)
FAILS(fsync, EIO, -1, false)
FAILS(linkat, ENOSPC, -1, false)
FAILS(rename, ENOSPC, -1, false)
FAILS(mkdir, ENOSPC, -1, false)
FAILS(flock, ENOLCK, -1, false)
FAILS(realpath, EACCES, 0, false)
FAILS(__realpath_chk, EACCES, 0, false)
FAILS(socket, EMFILE, -1, false)
FAILS(setsockopt, ENOMEM, -1, false)
FAILS(fcntl, EMFILE, -1, false)
FAILS(epoll_ctl, ENOMEM, -1, false)
FAILS(getaddrinfo, ENOMEM, EAI_MEMORY, false)

/* OpenSSL, which PostgreSQL asks for an extension. */
FAILS(RAND_bytes, 0, 0, true)
FAILS(RAND_priv_bytes, 0, 0, true)
FAILS(EVP_PKEY_Q_keygen, 0, 0, true)
FAILS(EVP_PBE_scrypt, 0, 0, true)
FAILS(EVP_CIPHER_CTX_new, 0, 0, true)
FAILS(EVP_MD_CTX_new, 0, 0, true)
FAILS(EVP_DigestInit_ex, 0, 0, true)
FAILS(EVP_DigestUpdate, 0, 0, true)
FAILS(EVP_DigestFinal_ex, 0, 0, true)
FAILS(X509_sign, 0, 0, true)
FAILS(PEM_write_bio_X509, 0, 0, true)
FAILS(PEM_write_bio_PrivateKey, 0, 0, true)
FAILS(X509_STORE_new, 0, 0, true)
FAILS(SSL_CTX_new, 0, 0, true)
FAILS(SSL_new, 0, 0, true)
FAILS(SSL_set_fd, 0, 0, true)
FAILS(SSL_set1_host, 0, 0, true)
FAILS(SSL_export_keying_material, 0, 0, true)

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(connect);

	if (own_fails("connect", CALLER, false))
	{
		errno = ECONNABORTED;
		return -1;
	}
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
fails(const char *name, const void *caller)
{
	Control *at = atomic_load(&control);
	unsigned long long was = at != NULL ? atomic_load(&at->countdown) : 0;

	while (was > 0 && !atomic_compare_exchange_weak(&at->countdown, &was, was - 1))
		;
	if (was != 1 && !own_fails(name, caller, false))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails("malloc", CALLER) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails("calloc", CALLER) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return fails("realloc", CALLER) ? NULL : __libc_realloc(old, size);
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
