/*
 * unit/memory_help.c
 *	  The process's own memory, mapping by mapping, by the kernel: a sanitizer has its
 *	  eye on what is read directly.
 */
#include "memory_help.h"

#include "wire_help.h"

#include <fcntl.h>
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
	const uint8_t *end = chunk + size;

	/* By the library as far as it goes, which no sanitizer slows down. */
	for (const uint8_t *at = chunk; at + len <= end; at++)
	{
		size_t same = 1;

		at = memchr(at, inverted[0] ^ 0xff, (size_t) (end - at));
		if (at == NULL || at + len > end)
			return false;
		while (same < len && (at[same] ^ inverted[same]) == 0xff)
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

/* Without stdio, whose buffers would take the place of what has been freed. */
static const char *
read_maps(void)
{
	static char text[1 << 20];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	assert_true(fd >= 0);
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t) got;
	close(fd);
	/* Nothing was cut off. */
	assert_true(got == 0 && len < sizeof(text) - 1);
	text[len] = '\0';
	return text;
}

bool
help_memory_has(const uint8_t *inverted, size_t len)
{
	bool found = false;

	for (const char *line = read_maps(); !found && line[0] != '\0';
		 line = strchr(line, '\n') + 1)
	{
		unsigned long from;
		unsigned long to;
		char mode[5];

		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 &&
			strncmp(mode, "rw", 2) == 0 && to - from <= MAPPING_MAX)
			found = mapping_has(from, to, inverted, len);
	}
	return found;
}
