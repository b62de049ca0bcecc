/*
 * ctl/versions.c
 *	  What commands about versions of keys, and of index keys, have in common.
 */
#include "ctl/versions.h"

#include "base/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
e3_versions_key_id(const E3KeyPair *pair, char text[E3_KEY_ID_TEXT])
{
	const uint8_t *hint = e3_key_pair_hint(pair);

	for (int i = 0; i < EVW_HINT_LEN; i++)
		(void) snprintf(text + (size_t) 2 * i, 3, "%02x", hint[i]);
}

EvwBytes
e3_versions_name(const E3App *app)
{
	return (EvwBytes){(const uint8_t *) app->name, strlen(app->name)};
}

void
e3_versions_time(uint64_t unix_us, char text[E3_TIME_TEXT])
{
	time_t seconds = (time_t) (unix_us / 1000000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	(void) strftime(text, E3_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

int
e3_versions_read(const char *word, uint32_t *number)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(word, 10, &wide, &end) || *end != '\0' || wide == 0 ||
		wide > UINT32_MAX)
		return e3_ctl_fail("%s: a version is a whole number from 1 on", word);
	*number = (uint32_t) wide;
	return EXIT_SUCCESS;
}

int
e3_versions_next(const E3Ctl *ctl, uint32_t newest, uint32_t *next)
{
	if (newest == UINT32_MAX)
		return e3_ctl_fail("%s: %s", ctl->args[0], evw_status_message(EVW_KEYRING_FULL));
	*next = newest + 1;
	return EXIT_SUCCESS;
}
