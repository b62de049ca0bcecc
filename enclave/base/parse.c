/*
 * base/parse.c
 *	  Numbers and users.
 */
#include "base/parse.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* Not by the name service, which would load code and connect to daemons: at a reload
 * E3 can do neither. */
#define USERS "/etc/passwd"

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

static bool
find_user(const char *name, uid_t *uid)
{
	FILE *users = fopen(USERS, "re");
	char room[16384];
	struct passwd entry;
	struct passwd *found;
	bool is_found = false;

	while (users != NULL && !is_found &&
		   fgetpwent_r(users, &entry, room, sizeof(room), &found) == 0)
		is_found = strcmp(entry.pw_name, name) == 0;
	if (is_found)
		*uid = entry.pw_uid;
	if (users != NULL)
		(void) fclose(users);
	return is_found;
}

bool
e3_parse_user(const char *text, uid_t *uid)
{
	uint64_t number;
	const char *end;

	/* (uid_t) -1 is nobody's: the kernel uses it for "no change". */
	if (e3_parse_digits(text, 10, &number, &end) && *end == '\0' && number < UINT32_MAX)
	{
		*uid = (uid_t) number;
		return true;
	}
	return find_user(text, uid);
}
