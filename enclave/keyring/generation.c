/*
 * keyring/generation.c
 *	  A number in a file: up to 20 digits and a newline.
 */
#include "keyring/generation.h"

#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define TEXT_MAX 21

/* Digits and a newline, and nothing else. */
static bool
parse(const char *text, size_t len, uint64_t *generation)
{
	uint64_t number = 0;

	if (len < 2 || text[len - 1] != '\n')
		return false;
	for (size_t i = 0; i < len - 1; i++)
	{
		uint64_t digit = (uint64_t) (text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*generation = number;
	return true;
}

bool
e3_generation_read(const char *path, uint64_t *generation)
{
	char bytes[TEXT_MAX];
	EvwBuf text;

	evw_buf_fixed(&text, bytes, sizeof(bytes));
	return e3_file_read(path, E3_FILE_TRUSTED, sizeof(bytes), &text) == E3_FILE_OK &&
		   parse(bytes, text.len, generation);
}

EvwStatus
e3_generation_check(const char *path, uint64_t generation)
{
	uint64_t noted;

	if (path[0] == '\0')
		return EVW_OK;
	if (!e3_generation_read(path, &noted))
		return EVW_GENERATION;
	return generation >= noted ? EVW_OK : EVW_KEYRING_ROLLBACK;
}

bool
e3_generation_write(const char *path, uint64_t generation)
{
	char text[TEXT_MAX + 1];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", generation);

	/* It may belong to root, and E3 has to read it. */
	return e3_file_replace_public(path, (EvwBytes){(const uint8_t *) text,
												   (size_t) len}) == E3_FILE_OK;
}
