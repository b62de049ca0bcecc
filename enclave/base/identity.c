/*
 * base/identity.c
 *	  Who is at the other end of a connection.
 */
#include "base/identity.h"

#include "base/parse.h"

#include <stdio.h>
#include <string.h>

static const char *const prefixes[] = {
	[E3_IDENTITY_UID] = "uid:",
	[E3_IDENTITY_DNS] = "dns:",
	[E3_IDENTITY_URI] = "uri:",
	[E3_IDENTITY_VSOCK] = "vsock:",
};

#define KINDS ((int) (sizeof(prefixes) / sizeof(prefixes[0])))

E3Identity
e3_identity_uid(uid_t uid)
{
	return (E3Identity){.kind = E3_IDENTITY_UID, .uid = uid};
}

/* What may stand in a log line as it is: no white space, quotes, backslashes. */
static bool
is_plain(char c)
{
	return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\';
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

bool
e3_identity_name(E3Identity *identity, E3IdentityKind kind, const char *name, size_t len)
{
	*identity = (E3Identity){.kind = kind};
	if (len == 0 || len > E3_IDENTITY_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (!is_plain(name[i]))
			return false;
		identity->name[i] = kind == E3_IDENTITY_DNS ? lower(name[i]) : name[i];
	}
	return true;
}

bool
e3_identity_equal(const E3Identity *a, const E3Identity *b)
{
	return a->kind == b->kind && a->uid == b->uid && a->cid == b->cid &&
		   strcmp(a->name, b->name) == 0;
}

const char *
e3_identity_text(const E3Identity *identity, char text[E3_IDENTITY_TEXT_MAX])
{
	const char *prefix = prefixes[identity->kind];

	if (identity->kind == E3_IDENTITY_UID)
		(void) snprintf(text, E3_IDENTITY_TEXT_MAX, "%s%u", prefix,
						(unsigned) identity->uid);
	else if (identity->kind == E3_IDENTITY_VSOCK)
		(void) snprintf(text, E3_IDENTITY_TEXT_MAX, "%s%u", prefix,
						(unsigned) identity->cid);
	else
		(void) snprintf(text, E3_IDENTITY_TEXT_MAX, "%s%s", prefix, identity->name);
	return text;
}

static bool
parse_number(const char *text, uint32_t *number)
{
	uint64_t wide;
	const char *end;

	if (!e3_parse_digits(text, 10, &wide, &end) || *end != '\0' || wide > UINT32_MAX)
		return false;
	*number = (uint32_t) wide;
	return true;
}

bool
e3_identity_parse(E3Identity *identity, const char *text)
{
	for (int kind = 0; kind < KINDS; kind++)
	{
		size_t len = strlen(prefixes[kind]);

		if (strncmp(text, prefixes[kind], len) != 0)
			continue;
		*identity = (E3Identity){.kind = (E3IdentityKind) kind};
		if (kind == E3_IDENTITY_UID)
			return parse_number(text + len, &identity->uid);
		if (kind == E3_IDENTITY_VSOCK)
			return parse_number(text + len, &identity->cid);
		return e3_identity_name(identity, (E3IdentityKind) kind, text + len,
								strlen(text + len));
	}
	return false;
}
