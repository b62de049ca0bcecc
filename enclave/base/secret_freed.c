/*
 * base/secret_freed.c
 *	  Nothing stays behind in memory that was given back.
 *
 * OpenSSL has copies of what it decodes and computes in ordinary memory, of which it
 * wipes some: here all of it is wiped when it is freed.
 */
#include "base/secret.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than any function of the libraries that has to do with keys. */
#define STACK_DEPTH ((size_t) 16 << 10)

void *
e3_wiping_malloc(size_t len)
{
	return malloc(len);
}

void *
e3_wiping_calloc(size_t n, size_t len)
{
	return calloc(n, len);
}

char *
e3_wiping_strdup(const char *text)
{
	return strdup(text);
}

void
e3_wiping_free(void *at)
{
	if (at == NULL)
		return;
	e3_wipe(at, malloc_usable_size(at));
	free(at);
}

void *
e3_wiping_realloc(void *at, size_t len)
{
	size_t had = at != NULL ? malloc_usable_size(at) : 0;
	void *more;

	if (len == 0)
	{
		e3_wiping_free(at);
		return NULL;
	}
	if (len <= had)
		return at;
	more = malloc(len);
	if (more == NULL || at == NULL)
		return more;
	memcpy(more, at, had);
	e3_wiping_free(at);
	return more;
}

/* As OpenSSL calls them, with the place in its source. */
static void *
take(size_t len, const char *file, int line)
{
	(void) file;
	(void) line;
	return malloc(len);
}

static void *
take_more(void *at, size_t len, const char *file, int line)
{
	(void) file;
	(void) line;
	return e3_wiping_realloc(at, len);
}

static void
give(void *at, const char *file, int line)
{
	(void) file;
	(void) line;
	e3_wiping_free(at);
}

bool
e3_secret_wipe_freed(void)
{
	return CRYPTO_set_mem_functions(take, take_more, give) == 1;
}

__attribute__((noinline)) void
e3_secret_wipe_stack(void)
{
	uint8_t below[STACK_DEPTH];

	e3_wipe(below, sizeof(below));
}
