/*
 * fuzz/fuzz.c
 *	  What the fuzz targets share.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
	abort();
}

static bool
grow(EvwBuf *buf, size_t cap)
{
	uint8_t *data = realloc(buf->data, cap);

	if (data == NULL)
		return false;
	buf->data = data;
	buf->cap = cap;
	return true;
}

void
fuzz_buf_init(EvwBuf *buf)
{
	evw_buf_growing(buf, grow, NULL);
}

bool
fuzz_same(EvwBytes a, EvwBytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
