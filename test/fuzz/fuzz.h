/*
 * fuzz/fuzz.h
 *	  What the fuzz targets share.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "wire/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Called by libFuzzer. */
extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run as a finding. */
#define FUZZ_CHECK(condition)                                                            \
	do                                                                                   \
	{                                                                                    \
		if (!(condition))                                                                \
			fuzz_fail(__FILE__, __LINE__, #condition);                                   \
	} while (0)

extern void fuzz_fail(const char *file, int line, const char *condition)
	__attribute__((noreturn));

/* A growing buffer over realloc; free(buf->data) gives it back. */
extern void fuzz_buf_init(EvwBuf *buf);

extern bool fuzz_same(EvwBytes a, EvwBytes b);

#endif /* FUZZ_H */
