/*
 * unit/wire_help.c
 *	  Buffers, hex and vectors for the unit tests of the wire.
 */
#include "wire_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
assert_bytes_equal(EvwBytes is, EvwBytes shall)
{
	assert_int_equal(is.len, shall.len);
	if (shall.len > 0)
		assert_memory_equal(is.data, shall.data, shall.len);
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
help_buf_init(EvwBuf *buf)
{
	evw_buf_growing(buf, grow, NULL);
}

void
help_buf_free(EvwBuf *buf)
{
	free(buf->data);
	buf->data = NULL;
}

EvwBytes
help_buf_bytes(const EvwBuf *buf)
{
	assert_status(buf->status, EVW_OK);
	return (EvwBytes){buf->data, buf->len};
}

EvwBytes
help_body(const EvwBuf *buf)
{
	EvwBytes frame = help_buf_bytes(buf);

	assert_true(frame.len > 4);
	assert_int_equal(evw_get_be32(frame.data), frame.len - 4);
	return (EvwBytes){frame.data + 4, frame.len - 4};
}

EvwBytes
help_exact(EvwBytes bytes)
{
	uint8_t *copy = malloc(bytes.len);

	assert_true(copy != NULL || bytes.len == 0);
	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return (EvwBytes){copy, bytes.len};
}

void
help_release(EvwBytes bytes)
{
	free((void *) bytes.data);
}

EvwBytes
help_unhex(const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *bytes = malloc(len);

	assert_true(strlen(hex) % 2 == 0);
	for (size_t i = 0; i < len; i++)
	{
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
		char *end;

		bytes[i] = (uint8_t) strtoul(digits, &end, 16);
		assert_true(*end == '\0');
	}
	return (EvwBytes){bytes, len};
}

char *
help_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t cap = 1 << 20;
	char *text = malloc(cap);
	size_t len;

	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	len = fread(text, 1, cap, file);
	assert_true(len < cap);
	fclose(file);
	text[len] = '\0';
	return text;
}

json_t *
help_vectors(const char *name)
{
	char path[256];
	json_error_t error;
	json_t *vectors;

	snprintf(path, sizeof(path), "../vectors/%s", name);
	vectors = json_load_file(path, 0, &error);
	if (vectors == NULL)
		fail_msg("%s: %s", path, error.text);
	return vectors;
}

const char *
help_field(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text == NULL)
		fail_msg("vector has no \"%s\"", key);
	return text;
}
