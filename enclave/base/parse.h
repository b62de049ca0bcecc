/*
 * base/parse.h
 *	  Numbers and users out of text.
 */
#ifndef E3_PARSE_H
#define E3_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Digits of this base (up to 10) at the start of "text"; *end is what follows.
 * False if there is none.  Stops at the first digit that takes *number above
 * UINT32_MAX, so it does not overflow, and what is too large looks too large.
 */
extern bool e3_parse_digits(const char *text, unsigned base, uint64_t *number,
							const char **end);

/* A uid in digits or the name of a user in /etc/passwd; false if there is none. */
extern bool e3_parse_user(const char *text, uid_t *uid);

#endif /* E3_PARSE_H */
