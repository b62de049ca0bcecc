/*
 * base/parse.c
 *	  Numbers and users.
 */
#include "base/parse.h"

#include <pwd.h>
#include <stddef.h>

bool
e3_parse_digits(const char *text, unsigned base, uint64_t *number, const char **end)
{
	const char *at = text;

	*number = 0;
	while (*at >= '0' && *at < (char) ('0' + base) && *number <= UINT32_MAX)
		*number = *number * base + (unsigned) (*at++ - '0');
	*end = at;
	return at > text;
}

bool
e3_parse_user(const char *text, uid_t *uid)
{
	char room[16384];
	struct passwd entry;
	struct passwd *found = NULL;
	uint64_t number;
	const char *end;

	/* (uid_t) -1 is nobody's: the kernel uses it for "no change". */
	if (e3_parse_digits(text, 10, &number, &end) && *end == '\0' && number < UINT32_MAX)
	{
		*uid = (uid_t) number;
		return true;
	}
	if (getpwnam_r(text, &entry, room, sizeof(room), &found) != 0 || found == NULL)
		return false;
	*uid = entry.pw_uid;
	return true;
}
