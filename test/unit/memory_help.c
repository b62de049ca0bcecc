/*
 * unit/memory_help.c
 *	  The process's own memory, mapping by mapping, by the kernel: a sanitizer has its
 *	  eye on what is read directly.
 */
#include "memory_help.h"

#include "wire_help.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* A sanitizer reserves far more than it uses. */
#define MAPPING_MAX (UINT64_C(64) << 20)

#define CHUNK ((size_t) 1 << 16)

void
help_invert(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] ^= 0xff;
}

static bool
chunk_has(const uint8_t *chunk, size_t size, const uint8_t *inverted, size_t len)
{
	for (size_t at = 0; at + len <= size; at++)
	{
		size_t same = 0;

		while (same < len && (chunk[at + same] ^ inverted[same]) == 0xff)
			same++;
		if (same == len)
			return true;
	}
	return false;
}

/* Chunks overlap, so that nothing is cut in two. */
static bool
mapping_has(uintptr_t from, uintptr_t to, const uint8_t *inverted, size_t len)
{
	static uint8_t chunk[CHUNK];
	bool found = false;

	for (uintptr_t at = from; !found && at < to; at += CHUNK - len)
	{
		struct iovec here = {chunk, CHUNK};
		struct iovec there = {(void *) at, to - at < CHUNK ? to - at : CHUNK};
		ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

		found = got > 0 && chunk_has(chunk, (size_t) got, inverted, len);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return found;
}

bool
help_memory_has(const uint8_t *inverted, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	assert_non_null(maps);
	while (!found && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long from;
		unsigned long to;

		if (sscanf(line, "%lx-%lx rw", &from, &to) == 2 && strstr(line, " rw") != NULL &&
			to - from <= MAPPING_MAX)
			found = mapping_has(from, to, inverted, len);
	}
	(void) fclose(maps);
	return found;
}
