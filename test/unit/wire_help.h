/*
 * unit/wire_help.h
 *	  What the unit tests of the wire share: buffers on the heap, hex, vectors
 *	  and one sample of every message.
 */
#ifndef WIRE_HELP_H
#define WIRE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "wire/buf.h"

/* A literal as bytes; it may contain NUL. */
#define BYTES(literal) ((EvwBytes){(const uint8_t *) (literal), sizeof(literal) - 1})

/* Shows both names when it fails. */
#define assert_status(is, shall)                                                         \
	assert_string_equal(evw_status_name(is), evw_status_name(shall))

extern void assert_bytes_equal(EvwBytes is, EvwBytes shall);

/* A growing buffer over realloc; help_buf_free wants it back. */
extern void help_buf_init(EvwBuf *buf);
extern void help_buf_free(EvwBuf *buf);
extern EvwBytes help_buf_bytes(const EvwBuf *buf);

/* The body of the one frame in "buf", whose prefix is checked. */
extern EvwBytes help_body(const EvwBuf *buf);

/*
 * A copy of exactly this size, so that AddressSanitizer sees every read past
 * its end.  The caller frees ->data.
 */
extern EvwBytes help_exact(EvwBytes bytes);
extern void help_release(EvwBytes bytes);

/* Bytes of a hex string, from help_exact's allocator. */
extern EvwBytes help_unhex(const char *hex);

/* A file below test/vectors; it is an error if it is not there. */
extern json_t *help_vectors(const char *name);

/* Text of a field of a JSON object. */
extern const char *help_field(const json_t *object, const char *key);

/* A whole file, with a NUL after it; the caller frees it. */
extern char *help_file(const char *path);

/* One message of every kind, as in test/vectors/frames.json. */
typedef struct WireSample
{
	const char *name;
	void (*encode)(EvwBuf *buf);
} WireSample;

/* Ends with name NULL. */
extern const WireSample wire_samples[];

/* The sample's frame, made by its encoder. */
extern void wire_sample_encode(const char *name, EvwBuf *buf);

/* The envelope in the samples "decrypt". */
extern EvwBytes wire_sample_envelope(void);

#endif /* WIRE_HELP_H */
