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

static void *
take(size_t len, const char *file, int line)
{
	(void) file;
	(void) line;
	return malloc(len);
}

static void
give(void *at, const char *file, int line)
{
	(void) file;
	(void) line;
	if (at == NULL)
		return;
	e3_wipe(at, malloc_usable_size(at));
	free(at);
}

/* Never realloc, which may leave the old bytes behind. */
static void *
take_more(void *at, size_t len, const char *file, int line)
{
	size_t had = at != NULL ? malloc_usable_size(at) : 0;
	void *more;

	if (len == 0)
	{
		give(at, file, line);
		return NULL;
	}
	if (len <= had)
		return at;
	more = take(len, file, line);
	if (more == NULL || at == NULL)
		return more;
	memcpy(more, at, had);
	give(at, file, line);
	return more;
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
