/*
 * base/secret.h
 *	  Memory for secrets, and memory that is wiped when it goes.
 *
 * Keys live in OpenSSL's secure heap: one arena, locked, not dumped, with
 * guard pages, made at start.  Job buffers may hold plaintext but are too large
 * to lock: they are ordinary memory, kept out of core files and wiped.
 */
#ifndef E3_SECRET_H
#define E3_SECRET_H

#include "wire/buf.h"

/*
 * Makes the locked arena of "bytes" (a power of two), turns core dumps and
 * ptrace of this process off.  INTERNAL if any of it can't be had: E3 then
 * refuses to start.
 */
extern EvwStatus e3_secret_init(size_t bytes) EVW_MUST_USE;

/*
 * Moves the arena into memory that the kernel takes out of its own map as well
 * (memfd_secret(2)), so that root cannot read it through the kernel either; locked
 * mappings made later are such memory too.  No child inherits the arena any more.
 * *hidden: it could be had; if not, all stays as it was.  After e3_secret_init, before
 * there is a secret or another thread.  INTERNAL: the arena is lost.
 */
extern EvwStatus e3_secret_hide(bool *hidden) EVW_MUST_USE;

/*
 * Zeroed locked memory; NULL when the arena is full.  Freed only by e3_secret_free.
 * A piece of a power of two is aligned to its length, any other as the next larger
 * one, but not beyond a page.
 */
extern void *e3_secret_alloc(size_t len);

/* Wipes and frees; NULL is fine. */
extern void e3_secret_free(void *secret, size_t len);

/*
 * A locked mapping of its own, for many secrets of one kind, between two pages that
 * nobody may touch: to read or write past its end ends the process.
 */
typedef struct E3Locked
{
	void *at;	/* zeroed, aligned to E3_LOCKED_ALIGN */
	size_t len; /* what was asked for, up to the next multiple of that */
	void *pages;
	size_t pages_len; /* without the two */
} E3Locked;

#define E3_LOCKED_ALIGN 64

/* Locked, not dumped, not inherited by a child; false if any of it can't be had. */
extern bool e3_locked_map(E3Locked *locked, size_t len);

/* Wipes and gives back; one that was never made is fine. */
extern void e3_locked_unmap(E3Locked *locked);

/*
 * From now on whatever OpenSSL frees is wiped first.  Before anything else of OpenSSL is
 * used; false if that has happened.
 */
extern bool e3_secret_wipe_freed(void) EVW_MUST_USE;

/*
 * malloc and its like for libraries that can be given some: what is freed is wiped first,
 * and what grows moves, as realloc may leave the old bytes behind.
 */
extern void *e3_wiping_malloc(size_t len);
extern void *e3_wiping_calloc(size_t n, size_t len);
extern void *e3_wiping_realloc(void *at, size_t len);
extern char *e3_wiping_strdup(const char *text);
extern void e3_wiping_free(void *at);

/*
 * Wipes what functions that have returned to the caller have left on the stack: those
 * of libraries, which do not see to it themselves.
 */
extern void e3_secret_wipe_stack(void);

/* Wipes "len" bytes in a way that is not optimised away. */
extern void e3_wipe(void *at, size_t len);

/* EvwBuf of malloc or a mapping: grow callback; release wipes all that was used. */
extern bool e3_buf_grow(EvwBuf *buf, size_t cap);
extern void e3_buf_init(EvwBuf *buf);
extern void e3_buf_release(EvwBuf *buf);

/*
 * An empty buffer that may be filled with "cap" bytes has the memory for them at once, if
 * there is some that was given back; otherwise it stays empty, and grows as it is filled.
 */
extern void e3_buf_reuse(EvwBuf *buf, size_t cap);

#endif /* E3_SECRET_H */
