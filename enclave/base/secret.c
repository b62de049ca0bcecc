/*
 * base/secret.c
 *	  The locked arena, and buffers that are wiped.
 *
 * A buffer of BIG or more is a mapping of its own: left out of core files, and
 * grown by moving its pages, so that no copy of its contents stays behind.
 */
#include "base/secret.h"

#include "base/pages.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define BIG ((size_t) 64 << 10)

/* Smallest piece of the arena: one private key. */
#define ARENA_PIECE 32

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

bool
e3_locked_map(E3Locked *locked, size_t len)
{
	locked->len = e3_pages_round(len);
	locked->at = e3_pages_map(locked->len);
	if (locked->at == NULL)
		return false;
	if (mlock(locked->at, locked->len) == 0 &&
		madvise(locked->at, locked->len, MADV_DONTFORK) == 0)
		return true;
	e3_locked_unmap(locked);
	return false;
}

void
e3_locked_unmap(E3Locked *locked)
{
	if (locked->at == NULL)
		return;
	e3_wipe(locked->at, locked->len);
	(void) munmap(locked->at, locked->len);
	locked->at = NULL;
}

static void
release_memory(uint8_t *data, size_t len, size_t cap)
{
	if (data == NULL)
		return;
	if (cap >= BIG)
	{
		e3_wipe(data, e3_pages_drop_unused(data, len, cap));
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
