/*
 * base/secret.c
 *	  The locked arena, and buffers that are wiped.
 *
 * A buffer of BIG or more is a mapping of its own: left out of core files, and
 * grown by moving its pages, so that no copy of its contents stays behind.
 */
#include "base/secret.h"

#include "base/pages.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIG ((size_t) 64 << 10)

/* Smallest piece of the arena: one private key. */
#define ARENA_PIECE 32

static size_t arena_bytes;

/* Are locked mappings to be of secret memory? */
static bool hides;

static EvwStatus
forbid_dumps(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return EVW_INTERNAL;
	return EVW_OK;
}

EvwStatus
e3_secret_init(size_t bytes)
{
	EvwStatus status = forbid_dumps();

	if (status != EVW_OK || CRYPTO_secure_malloc_initialized())
		return status;
	arena_bytes = bytes;
	if (CRYPTO_secure_malloc_init(bytes, ARENA_PIECE) == 1)
		return EVW_OK;
	/* 2 says that there is an arena, but one that could not be locked. */
	(void) CRYPTO_secure_malloc_done();
	return EVW_INTERNAL;
}

void *
e3_secret_alloc(size_t len)
{
	/* Without an arena OpenSSL would hand out ordinary memory. */
	return CRYPTO_secure_malloc_initialized() ? OPENSSL_secure_zalloc(len) : NULL;
}

void
e3_secret_free(void *secret, size_t len)
{
	OPENSSL_secure_clear_free(secret, len);
}

void
e3_wipe(void *at, size_t len)
{
	/* Vectors, where OPENSSL_cleanse writes eight bytes at a time. */
	if (len > 0)
		explicit_bzero(at, len);
}

/* Secret memory, which is always locked and never dumped; at "at", unless NULL. */
static bool
map_secret(void **at, size_t len)
{
	int fixed = *at != NULL ? MAP_FIXED : 0;
	int fd = (int) syscall(SYS_memfd_secret, O_CLOEXEC);
	void *mapped = MAP_FAILED;

	if (fd < 0)
		return false;
	if (ftruncate(fd, (off_t) len) == 0)
		mapped = mmap(*at, len, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return false;
	/* Where there is no memory for it, now is the time to find out. */
	for (size_t i = 0; i < len; i += e3_pages_round(1))
		((volatile uint8_t *) mapped)[i] = 0;
	*at = mapped;
	return true;
}

/* Opens up the pages between the guards. */
static bool
lock_pages(const E3Locked *locked)
{
	void *at = locked->pages;

	if (hides ? !map_secret(&at, locked->pages_len)
			  : (mprotect(at, locked->pages_len, PROT_READ | PROT_WRITE) != 0 ||
				 mlock(at, locked->pages_len) != 0 ||
				 madvise(at, locked->pages_len, MADV_DONTDUMP) != 0))
		return false;
	return madvise(at, locked->pages_len, MADV_DONTFORK) == 0;
}

/*
 * The mapping that OpenSSL has made for its arena, between two guards: it tells
 * nobody where that is, but the kernel does.
 */
static void *
find_arena(const void *piece)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	void *found = NULL;
	char line[512];

	while (maps != NULL && found == NULL && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long from;
		unsigned long to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && from <= (uintptr_t) piece &&
			to > (uintptr_t) piece && to - from == arena_bytes)
			found = (void *) from;
	}
	if (maps != NULL)
		(void) fclose(maps);
	return found;
}

/* OpenSSL's lists of free pieces are in the arena, and move with it. */
static EvwStatus
replace_arena(void *arena, bool *hidden)
{
	void *secret = NULL;

	/* Both together may be more than may be locked. */
	(void) munlock(arena, arena_bytes);
	if (!map_secret(&secret, arena_bytes))
		return mlock(arena, arena_bytes) == 0 ? EVW_OK : EVW_INTERNAL;
	memcpy(secret, arena, arena_bytes);
	if (mremap(secret, arena_bytes, arena_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, arena) !=
		arena)
		return EVW_INTERNAL;
	*hidden = true;
	return EVW_OK;
}

EvwStatus
e3_secret_hide(bool *hidden)
{
	void *piece = e3_secret_alloc(ARENA_PIECE);
	void *arena = piece != NULL ? find_arena(piece) : NULL;
	EvwStatus status = EVW_OK;

	*hidden = false;
	e3_secret_free(piece, ARENA_PIECE);
	if (arena != NULL)
		status = replace_arena(arena, hidden);
	hides = *hidden;
	if (status == EVW_OK && arena != NULL &&
		madvise(arena, arena_bytes, MADV_DONTFORK) != 0)
		status = EVW_INTERNAL;
	return status;
}

bool
e3_locked_map(E3Locked *locked, size_t len)
{
	size_t page = e3_pages_round(1);
	uint8_t *reserved;

	locked->at = NULL;
	locked->len = (len + E3_LOCKED_ALIGN - 1) / E3_LOCKED_ALIGN * E3_LOCKED_ALIGN;
	locked->pages_len = e3_pages_round(locked->len);
	reserved = mmap(NULL, locked->pages_len + 2 * page, PROT_NONE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reserved == MAP_FAILED)
		return false;
	locked->pages = reserved + page;
	if (!lock_pages(locked))
	{
		(void) munmap(reserved, locked->pages_len + 2 * page);
		return false;
	}
	/* Ends where the guard begins. */
	locked->at = reserved + page + locked->pages_len - locked->len;
	return true;
}

void
e3_locked_unmap(E3Locked *locked)
{
	size_t page = e3_pages_round(1);

	if (locked->at == NULL)
		return;
	e3_wipe(locked->at, locked->len);
	(void) munmap((uint8_t *) locked->pages - page, locked->pages_len + 2 * page);
	locked->at = NULL;
}

static void
release_memory(uint8_t *data, size_t len, size_t cap)
{
	if (data == NULL)
		return;
	if (cap >= BIG)
	{
		size_t wiped = e3_pages_to_wipe(len, cap);

		if (wiped < cap && !e3_pages_drop(data + wiped, cap - wiped))
			wiped = cap;
		e3_wipe(data, wiped);
		e3_pages_give(data, cap);
		return;
	}
	e3_wipe(data, cap);
	free(data);
}

static bool
grow_mapping(EvwBuf *buf, size_t cap)
{
	void *data = mremap(buf->data, buf->cap, cap, MREMAP_MAYMOVE);

	if (data == MAP_FAILED)
		return false;
	buf->data = data;
	buf->cap = cap;
	return true;
}

bool
e3_buf_grow(EvwBuf *buf, size_t cap)
{
	uint8_t *data;

	if (cap > SIZE_MAX / 2)
		return false;
	if (buf->cap >= BIG)
		return grow_mapping(buf, e3_pages_round(cap));
	/* Never realloc, which may leave the old bytes behind unwiped. */
	data = cap >= BIG ? e3_pages_take(&cap) : malloc(cap);
	if (data == NULL)
		return false;
	if (buf->len > 0)
		memcpy(data, buf->data, buf->len);
	release_memory(buf->data, buf->len, buf->cap);
	buf->data = data;
	buf->cap = cap;
	return true;
}

void
e3_buf_reuse(EvwBuf *buf, size_t cap)
{
	void *data = buf->cap == 0 && cap >= BIG ? e3_pages_reuse(&cap) : NULL;

	if (data == NULL)
		return;
	buf->data = data;
	buf->cap = cap;
}

void
e3_buf_init(EvwBuf *buf)
{
	evw_buf_growing(buf, e3_buf_grow, NULL);
}

void
e3_buf_release(EvwBuf *buf)
{
	release_memory(buf->data, buf->len, buf->cap);
	e3_buf_init(buf);
}
