/*
 * fuzz/path_fuzz.c
 *	  evc_path_read: whatever the text, keys stay in their room; a path that is written
 *	  again, every key in quotes, is read as the same.
 */
#include "fuzz.h"

#include "json/path.h"

#include <stdlib.h>
#include <string.h>

static void
write_element(EvwBuf *buf, const EvcPathElement *element)
{
	if (element->any)
	{
		evw_buf_append(buf, "*", 1);
		return;
	}
	evw_buf_append(buf, "\"", 1);
	for (uint32_t i = 0; i < element->len; i++)
	{
		if (element->key[i] == '"' || element->key[i] == '\\')
			evw_buf_append(buf, "\\", 1);
		evw_buf_append(buf, element->key + i, 1);
	}
	evw_buf_append(buf, "\"", 1);
}

static void
write_path(EvwBuf *buf, const EvcPathElement *elements, int count)
{
	fuzz_buf_init(buf);
	evw_buf_append(buf, "{", 1);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			evw_buf_append(buf, ",", 1);
		write_element(buf, &elements[i]);
	}
	evw_buf_append(buf, "}", 1);
}

static void
check_same(const EvcPathElement *one, const EvcPathElement *other)
{
	FUZZ_CHECK(one->any == other->any && one->is_index == other->is_index &&
			   one->index == other->index && one->len == other->len);
	FUZZ_CHECK(memcmp(one->key, other->key, one->len) == 0);
}

/* Longer than the text it came from, it may be too long. */
static void
check_again(const EvcPathElement *elements, int count)
{
	EvcPathElement again[EVC_PATH_ELEMENTS_MAX];
	EvwBuf buf;
	char *keys;
	int n;
	EvcPathFault fault;

	write_path(&buf, elements, count);
	keys = malloc(buf.len + 1);
	FUZZ_CHECK(keys != NULL);
	fault = evc_path_read((const char *) buf.data, buf.len, keys, again, &n);
	FUZZ_CHECK(fault == (buf.len > EVC_PATH_LEN_MAX ? EVC_PATH_TOO_LONG : EVC_PATH_OK));
	for (int i = 0; fault == EVC_PATH_OK && i < count; i++)
		check_same(&elements[i], &again[i]);
	FUZZ_CHECK(fault != EVC_PATH_OK || n == count);
	free(keys);
	free(buf.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	EvcPathElement elements[EVC_PATH_ELEMENTS_MAX];
	/* Both exactly as long as they may be. */
	char *text = malloc(size);
	char *keys = malloc(size + 1);
	int count;

	FUZZ_CHECK(text != NULL && keys != NULL);
	memcpy(text, data, size);
	/* A text of PostgreSQL has no zeroes. */
	for (size_t i = 0; i < size; i++)
		text[i] = text[i] == '\0' ? ' ' : text[i];
	if (evc_path_read(text, size, keys, elements, &count) == EVC_PATH_OK)
		check_again(elements, count);
	free(text);
	free(keys);
	return 0;
}
