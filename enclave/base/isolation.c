/*
 * base/isolation.c
 *	  Names of what keeps others out of E3's process.
 */
#include "base/isolation.h"

#include <string.h>

static const char *const names[E3_ISOLATION_COUNT] = {
	[E3_NO_CORE] = "no_core",
	[E3_NO_TRACE] = "no_trace",
	[E3_NO_NEW_PRIVILEGES] = "no_new_privileges",
	[E3_NO_NEW_CODE] = "no_new_code",
	[E3_SECRET_MEMORY] = "secret_memory",
	[E3_LANDLOCK] = "landlock",
	[E3_SECCOMP] = "seccomp",
	[E3_OWN_USER] = "own_user",
};

uint32_t
e3_isolation_find(const char *name)
{
	for (int i = 0; i < E3_ISOLATION_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return E3_ISOLATION_BIT(i);
	return 0;
}

const char *
e3_isolation_text(uint32_t set, char text[E3_ISOLATION_TEXT_MAX])
{
	char *at = text;

	*at = '\0';
	for (int i = 0; i < E3_ISOLATION_COUNT; i++)
	{
		size_t left = E3_ISOLATION_TEXT_MAX - (size_t) (at - text);
		size_t len = strlen(names[i]);

		if ((set & E3_ISOLATION_BIT(i)) == 0 || len + 2 > left)
			continue;
		if (at > text)
			*at++ = ' ';
		memcpy(at, names[i], len + 1);
		at += len;
	}
	return text;
}
