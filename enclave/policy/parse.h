/*
 * policy/parse.h
 *	  What the two files that read a policy share.
 */
#ifndef E3_POLICY_PARSE_H
#define E3_POLICY_PARSE_H

#include "base/ini.h"
#include "policy/policy.h"
#include "wire/request.h"

typedef struct E3PolicyParser
{
	E3Ini ini;
	E3Policy *policy;
	unsigned seen; /* keys of the section at hand that may be given once */
	bool no_memory;
	/* Takes a pair of the section at hand, which is the last of its kind; NULL: none. */
	bool (*take)(struct E3PolicyParser *parser, const char *key, char *value);
} E3PolicyParser;

/* policy/policy.c: an empty one, with one reference; NULL when out of memory. */
extern E3Policy *e3_policy_new(void);

/* policy/check.c: has every section what it needs, and are the issuers there that
 * rules name? */
extern bool e3_policy_check(E3PolicyParser *parser);

#endif /* E3_POLICY_PARSE_H */
