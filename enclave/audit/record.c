/*
 * audit/record.c
 *	  What is written of one request, as text.
 */
#include "audit/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct Text
{
	char *at;
	size_t left; /* the NUL's place included */
} Text;

void
e3_audit_roles_add(E3AuditRoles *roles, EvwBytes role)
{
	uint8_t len = (uint8_t) (role.len < EVW_ROLE_MAX ? role.len : EVW_ROLE_MAX);

	for (uint32_t i = 0; i < roles->count; i++)
		if (roles->lengths[i] == len &&
			(len == 0 || memcmp(roles->names[i], role.data, len) == 0))
			return;
	if (roles->count == E3_AUDIT_ROLES_MAX)
	{
		roles->more = true;
		return;
	}
	if (len > 0)
		memcpy(roles->names[roles->count], role.data, len);
	roles->lengths[roles->count++] = len;
}

__attribute__((format(printf, 2, 3))) static void
append(Text *text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->at, text->left, format, args);
	va_end(args);
	/* The bound has room for everything: what is cut would be a mistake here. */
	if (len < 0 || (size_t) len >= text->left)
		len = (int) text->left - 1;
	text->at += len;
	text->left -= (size_t) len;
}

/* What strangers have chosen: printable ASCII but quotes and backslashes as it is. */
static void
append_escaped(Text *text, EvwBytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
	{
		uint8_t c = bytes.data[i];

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
			append(text, "%c", c);
		else
			append(text, "\\x%02x", c);
	}
}

static void
append_field(Text *text, const char *name, EvwBytes bytes)
{
	if (bytes.len == 0)
		return;
	append(text, " %s=\"", name);
	append_escaped(text, bytes);
	append(text, "\"");
}

static void
append_roles(Text *text, const E3AuditRoles *roles)
{
	if (roles == NULL || roles->count == 0)
		return;
	append(text, " roles=\"");
	for (uint32_t i = 0; i < roles->count; i++)
	{
		append(text, "%s", i > 0 ? "," : "");
		if (roles->lengths[i] == 0)
			append(text, "(none)");
		append_escaped(text, (EvwBytes){roles->names[i], roles->lengths[i]});
	}
	append(text, "%s\"", roles->more ? ",..." : "");
}

size_t
e3_audit_format(const E3AuditRecord *record, uint64_t unix_us,
				char body[E3_AUDIT_BODY_MAX])
{
	char peer[E3_IDENTITY_TEXT_MAX];
	Text text = {body, E3_AUDIT_BODY_MAX};

	append(&text, "time=%llu.%06u", (unsigned long long) (unix_us / 1000000),
		   (unsigned) (unix_us % 1000000));
	if (record->peer != NULL)
		append(&text, " peer=%s", e3_identity_text(record->peer, peer));
	append(&text, " operation=%s", record->operation);
	append_field(&text, "subject", record->subject);
	append_field(&text, "label", record->label);
	append_field(&text, "app", record->app);
	append_roles(&text, record->roles);
	append(&text, " values=%u opened=%u refused=%u verdict=%s", record->values,
		   record->opened, record->refused, evw_status_name(record->verdict));
	if (record->rule != NULL && record->rule[0] != '\0')
		append(&text, " rule=%s:%u", record->rule, record->line);
	return (size_t) (text.at - body);
}
